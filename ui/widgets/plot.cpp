// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/plot.h"

#include "ui/theme/theme.h"
#include "ui/widgets/card.h"
#include "ui/widgets/plot_canvas.h"
#include "ui/widgets/plot_export.h"
#include "ui/widgets/plot_legend.h"
#include "ui/widgets/plot_overlay.h"
#include "ui/widgets/plot_table.h"
#include "ui/widgets/themed_icon.h"

#include <QAccessible>
#include <QClipboard>
#include <QFileDialog>
#include <QGuiApplication>
#include <QHeaderView>
#include <QKeyEvent>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>
#include <QWheelEvent>

#include <cmath>

namespace bwla::ui {
namespace {

constexpr int morphMilliseconds = 120;
constexpr int coarseStep = 10;
constexpr double zoomStep = 0.8;
constexpr int dragThreshold = 6; // pixels

double mix(double a, double b, double share) {
    return a + (b - a) * share;
}

} // namespace

Plot::Plot(Theme& theme, QWidget* parent)
    : QWidget(parent), theme_(theme), canvas_(std::make_unique<PlotCanvas>(theme, this)),
      legend_(new PlotLegend(theme)),
      overlay_(new PlotOverlay(theme, *canvas_, cursor_, canvas_->widget())),
      table_(new PlotTable(this)), tableView_(new QTableView) {
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Plot without data yet"));
    layOut();
    canvas_->widget()->installEventFilter(this);
    tableView_->installEventFilter(this);
    connect(legend_, &PlotLegend::toggled, this,
            [this](const QString& name) { setHidden(name, !isHidden(name)); });
    connect(&theme, &Theme::changed, this, [this] {
        canvas_->applyTheme();
        redraw();
    });
    morph_.setDuration(morphMilliseconds);
    morph_.setStartValue(0.0);
    morph_.setEndValue(1.0);
    connect(&morph_, &QVariantAnimation::valueChanged, this,
            [this](const QVariant& share) { morph(share.toDouble()); });
    redraw();
}

Plot::~Plot() = default;

void Plot::layOut() {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    column->addWidget(legend_);
    column->addWidget(canvas_->widget(), 1);
    column->addWidget(tableView_, 1);
    tableView_->setModel(table_);
    tableView_->hide();
    tableView_->setTabKeyNavigation(false);
    tableView_->setAccessibleName(tr("Values of the plot"));
    tableView_->verticalHeader()->setVisible(false);
    tableView_->setShowGrid(false);
}

void Plot::setData(const PlotData& data) {
    const bool smooth = canMorphTo(data);
    if (smooth) {
        if (morph_.state() != QAbstractAnimation::Running)
            from_ = data_;
        else // from what is seen now
            for (int i = 0; i < data_.series.size(); ++i)
                for (std::size_t j = 0; j < data_.series[i].y.size(); ++j)
                    from_.series[i].y[j] = mix(from_.series[i].y[j], data_.series[i].y[j],
                                               morph_.currentValue().toDouble());
    }
    morph_.stop();
    data_ = data;
    redraw();
    if (smooth)
        morph_.start();
}

/// Only histograms of the same curves, and only where someone can see it.
bool Plot::canMorphTo(const PlotData& data) const {
    if (theme_.reducedMotion() || !canvas_->widget()->isVisible() ||
        data.series.size() != data_.series.size())
        return false;
    bool bars = false;
    for (int i = 0; i < data.series.size(); ++i) {
        const PlotSeries& a = data_.series[i];
        const PlotSeries& b = data.series[i];
        if (a.name != b.name || a.shape != b.shape || a.y.size() != b.y.size())
            return false;
        bars = bars || a.shape == PlotShape::steps;
    }
    return bars;
}

void Plot::morph(double share) {
    if (from_.series.size() != data_.series.size())
        return;
    PlotData frame = data_;
    for (int i = 0; i < frame.series.size(); ++i)
        for (std::size_t j = 0; j < frame.series[i].y.size(); ++j)
            frame.series[i].y[j] = mix(from_.series[i].y[j], data_.series[i].y[j], share);
    canvas_->redrawValues(frame);
}

void Plot::redraw() {
    legend_->setSeries(data_.series, hidden_);
    table_->setData(data_);
    cursor_.setData(data_, hidden_);
    overlay_->setAxisTitle(data_.x.title);
    overlay_->setMap(data_.map.has_value());
    canvas_->draw(data_, hidden_);
    for (const QString& name : {data_.summary, data_.emptyText, tr("Plot without data yet")})
        if (!name.isEmpty()) {
            setAccessibleName(name);
            break;
        }
    overlay_->update();
}

void Plot::setHidden(const QString& series, bool hidden) {
    if (hidden)
        hidden_.insert(series);
    else
        hidden_.remove(series);
    redraw();
}

void Plot::showTable(bool shown) {
    const bool hadFocus = hasFocus() || tableView_->hasFocus();
    tableView_->setVisible(shown);
    canvas_->widget()->setVisible(!shown);
    legend_->setVisible(!shown && data_.series.size() > 1);
    if (shown)
        tableView_->resizeColumnsToContents();
    if (hadFocus)
        (shown ? static_cast<QWidget*>(tableView_) : this)->setFocus();
}

bool Plot::tableShown() const {
    return !tableView_->isHidden();
}

QString Plot::readOut() const {
    return overlay_->readOut();
}

std::pair<double, double> Plot::view() const {
    return canvas_->view();
}

QString Plot::exportTo(const QString& file) {
    const QString title = origin_.isEmpty() ? data_.title : origin_ + ": " + data_.title;
    return writePlot(file, title, *table_, *canvas_, *legend_, size());
}

void Plot::exportWithDialog() {
    const QString file = QFileDialog::getSaveFileName(
        this, tr("Export the plot"), exportName(data_.title) + ".png",
        tr("Picture (*.png);;Document (*.pdf);;Drawing (*.svg);;Values (*.csv)"));
    if (file.isEmpty())
        return;
    if (const QString problem = exportTo(file); !problem.isEmpty())
        Q_EMIT failed(problem);
}

void Plot::copyValue() const {
    if (cursor_.active())
        QGuiApplication::clipboard()->setText(
            QString("%1\t%2").arg(cursor_.x(), 0, 'g', 9).arg(cursor_.current().value, 0, 'g', 9));
}

void Plot::cursorMoved() {
    overlay_->update();
    setAccessibleDescription(readOut());
    QAccessibleEvent event(this, QAccessible::DescriptionChanged);
    QAccessible::updateAccessibility(&event);
}

bool Plot::moveCursor(QKeyEvent& event) {
    const int points = (event.modifiers() & Qt::ShiftModifier) != 0 ? coarseStep : 1;
    switch (event.key()) {
    case Qt::Key_Left:
        cursor_.step(-points);
        break;
    case Qt::Key_Right:
        cursor_.step(points);
        break;
    case Qt::Key_Home:
        cursor_.toEnd(false);
        break;
    case Qt::Key_End:
        cursor_.toEnd(true);
        break;
    case Qt::Key_Up:
        cursor_.changeSeries(-1);
        break;
    case Qt::Key_Down:
        cursor_.changeSeries(1);
        break;
    default:
        return false;
    }
    cursorMoved();
    return true;
}

void Plot::keyPressEvent(QKeyEvent* event) {
    if (event->matches(QKeySequence::Copy))
        return copyValue();
    if ((event->modifiers() & (Qt::ControlModifier | Qt::AltModifier)) != 0)
        return QWidget::keyPressEvent(event);
    if (moveCursor(*event))
        return;
    switch (event->key()) {
    case Qt::Key_Plus:
        return zoom(zoomStep);
    case Qt::Key_Minus:
        return zoom(1.0 / zoomStep);
    case Qt::Key_0:
        canvas_->zoomTo(canvas_->whole());
        return overlay_->update();
    case Qt::Key_T:
        return showTable(!tableShown());
    case Qt::Key_E:
        return exportWithDialog();
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (cursor_.active())
            Q_EMIT pointChosen(cursor_.x(), data_.map ? cursor_.row() : cursor_.current().value);
        return;
    default:
        QWidget::keyPressEvent(event);
    }
}

/// Around the cursor, or the middle.
void Plot::zoom(double factor) {
    const auto [low, high] = canvas_->view();
    const double centre = cursor_.active() ? cursor_.x() : 0.5 * (low + high);
    canvas_->zoomTo({centre - (centre - low) * factor, centre + (high - centre) * factor});
    overlay_->update();
}

void Plot::focusInEvent(QFocusEvent* event) {
    QWidget::focusInEvent(event);
    overlay_->setFocusRing(true);
}

void Plot::focusOutEvent(QFocusEvent* event) {
    QWidget::focusOutEvent(event);
    overlay_->setFocusRing(false);
}

bool Plot::eventFilter(QObject* watched, QEvent* event) {
    if (watched == tableView_ && event->type() == QEvent::KeyPress) {
        const auto* key = static_cast<QKeyEvent*>(event);
        if (key->modifiers() == Qt::NoModifier && key->key() == Qt::Key_T) {
            showTable(false);
            return true;
        }
        return false;
    }
    return watched == canvas_->widget() && mouseEvent(event);
}

bool Plot::mouseEvent(QEvent* event) {
    const auto position = [event] { return static_cast<QMouseEvent*>(event)->position(); };
    switch (event->type()) {
    case QEvent::Resize:
        overlay_->resize(static_cast<QResizeEvent*>(event)->size());
        return false;
    case QEvent::MouseMove:
        if (dragging_) {
            overlay_->setSelection(
                QRect(QPoint(pressed_.x(), canvas_->area().top()),
                      QPoint(static_cast<int>(position().x()), canvas_->area().bottom()))
                    .normalized());
        } else if (canvas_->area().contains(position().toPoint())) {
            cursor_.moveTo(canvas_->xAt(position().x()), canvas_->yAt(position().y()));
            cursorMoved();
        }
        return true;
    case QEvent::MouseButtonPress:
        setFocus(Qt::MouseFocusReason);
        pressed_ = position().toPoint();
        dragging_ = canvas_->area().contains(pressed_);
        return true;
    case QEvent::MouseButtonRelease:
        if (dragging_)
            select(QRect(pressed_, position().toPoint()).normalized());
        dragging_ = false;
        overlay_->setSelection({});
        return true;
    case QEvent::MouseButtonDblClick:
        canvas_->zoomTo(canvas_->whole());
        overlay_->update();
        return true;
    case QEvent::Leave:
        if (!hasFocus()) {
            cursor_.clear();
            overlay_->update();
        }
        return false;
    case QEvent::Wheel:
        zoom(static_cast<QWheelEvent*>(event)->angleDelta().y() > 0 ? zoomStep : 1.0 / zoomStep);
        return true;
    default:
        return false;
    }
}

/// A drag zooms, a click chooses.
void Plot::select(const QRect& pixels) {
    if (pixels.width() >= dragThreshold) {
        canvas_->zoomTo({canvas_->xAt(pixels.left()), canvas_->xAt(pixels.right())});
        return;
    }
    cursor_.moveTo(canvas_->xAt(pixels.left()), canvas_->yAt(pixels.top()));
    cursorMoved();
    if (cursor_.active())
        Q_EMIT pointChosen(cursor_.x(), data_.map ? cursor_.row() : cursor_.current().value);
}

void addPlotTools(Card& card, Plot& plot, Theme& theme) {
    QToolButton* table = card.addTool({}, Plot::tr("Table of the values (T)"));
    QToolButton* write = card.addTool({}, Plot::tr("Export as PNG, PDF or CSV (E)"));
    setThemedIcon(theme, table, "table");
    setThemedIcon(theme, write, "export");
    QObject::connect(table, &QToolButton::clicked, &plot,
                     [&plot] { plot.showTable(!plot.tableShown()); });
    QObject::connect(write, &QToolButton::clicked, &plot, &Plot::exportWithDialog);
}

} // namespace bwla::ui
