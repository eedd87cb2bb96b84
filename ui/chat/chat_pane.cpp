// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/chat_pane.h"

#include "ui/chat/answer_text.h"
#include "ui/theme/theme.h"
#include "ui/widgets/card.h"
#include "ui/widgets/number_text.h"

#include <QFileInfo>
#include <QHBoxLayout>
#include <QPainter>
#include <QPushButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QStackedLayout>
#include <QTimer>
#include <QToolButton>

namespace bwla::ui {
namespace {

constexpr int followWithin = 64; ///< logical pixels from the end

QString sideName(ChatSide side) {
    return side == ChatSide::original ? ChatPane::tr("Original") : ChatPane::tr("Quantized");
}

/// The series' line and marker, as in the plots.
QPixmap swatchOf(const SeriesStyle& style, qreal ratio) {
    QPixmap pixmap(QSize(20, 12) * ratio);
    pixmap.setDevicePixelRatio(ratio);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.fillRect(QRectF(0, 5, 20, style.width), style.colour);
    painter.setBrush(style.colour);
    painter.setPen(Qt::NoPen);
    if (style.marker == Marker::square)
        painter.drawRect(QRectF(7, 3, 6, 6));
    else
        painter.drawEllipse(QRectF(7, 3, 6.5, 6.5));
    return pixmap;
}

} // namespace

ChatPane::ChatPane(Theme& theme, ChatController& controller, ChatSide side, QWidget* parent)
    : QFrame(parent), theme_(theme), controller_(controller), side_(side) {
    setProperty("card", true);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(1, 1, 1, 1);
    column->setSpacing(0);
    column->addWidget(makeHead());
    auto* line = new QFrame;
    line->setProperty("line", true);
    column->addWidget(line);
    auto* body = new QWidget;
    stack_ = new QStackedLayout(body);
    stack_->addWidget(makeEmpty());
    stack_->addWidget(makeTurns());
    column->addWidget(body, 1);
    connect(&theme_, &Theme::changed, this, &ChatPane::restyle);
    restyle();
    showChat();
}

QWidget* ChatPane::makeHead() {
    auto* head = new QWidget;
    head->setFixedHeight(48);
    auto* row = new QHBoxLayout(head);
    row->setContentsMargins(16, 0, 16, 0);
    row->setSpacing(8);
    swatch_ = new QLabel;
    name_ = label(sideName(side_), "title");
    choose_ = new QToolButton;
    choose_->setFixedSize(24, 24);
    const QString choose = side_ == ChatSide::original ? tr("Choose the original model")
                                                       : tr("Choose the quantized model");
    choose_->setToolTip(choose);
    choose_->setAccessibleName(choose);
    detail_ = label({}, "caption");
    detail_->setMinimumWidth(0);
    detail_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    speed_ = label("–", "name");
    auto* unit = label(tr("tok/s"), "caption");
    const QString tip =
        tr("Decode speed of the answer in view or being written: tokens a second "
           "after the prompt was read. Each model runs alone while it is measured.");
    speed_->setToolTip(tip);
    unit->setToolTip(tip);
    row->addWidget(swatch_);
    row->addWidget(name_);
    row->addWidget(choose_);
    row->addWidget(detail_, 1);
    row->addWidget(speed_);
    row->addWidget(unit);
    connect(choose_, &QToolButton::clicked, this, [this] { Q_EMIT modelWanted(side_, choose_); });
    return head;
}

QWidget* ChatPane::makeEmpty() {
    auto* empty = new QWidget;
    auto* column = new QVBoxLayout(empty);
    column->setContentsMargins(24, 24, 24, 24);
    column->setSpacing(16);
    column->addStretch();
    emptyText_ = label({}, "secondary");
    emptyText_->setWordWrap(true);
    emptyText_->setAlignment(Qt::AlignCenter);
    column->addWidget(emptyText_);
    open_ =
        new QPushButton(side_ == ChatSide::original ? tr("Open original…") : tr("Open quantized…"));
    column->addWidget(open_, 0, Qt::AlignHCenter);
    column->addStretch();
    connect(open_, &QPushButton::clicked, this, [this] { Q_EMIT openWanted(side_); });
    return empty;
}

QWidget* ChatPane::makeTurns() {
    scroll_ = new QScrollArea;
    scroll_->setWidgetResizable(true);
    scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll_->setFocusPolicy(Qt::NoFocus);
    auto* inside = new QWidget;
    inside->setObjectName("scrolled");
    column_ = new QVBoxLayout(inside);
    column_->setContentsMargins(12, 8, 12, 8);
    column_->setSpacing(8);
    column_->addStretch();
    scroll_->setWidget(inside);
    connect(scroll_->verticalScrollBar(), &QScrollBar::valueChanged, this, &ChatPane::scrolled);
    return scroll_;
}

TurnView* ChatPane::turn(std::size_t index) const {
    return index < turns() ? views_[static_cast<qsizetype>(index)] : nullptr;
}

void ChatPane::showChat() {
    const std::vector<ChatTurn>& turns = controller_.turns();
    while (views_.size() > static_cast<qsizetype>(turns.size())) {
        TurnView* gone = views_.takeLast(); // maybe the one whose key or button led here
        column_->removeWidget(gone);
        gone->hide();
        gone->deleteLater();
    }
    for (std::size_t i = 0; i < turns.size(); ++i) {
        if (i >= this->turns()) {
            auto* view = new TurnView(theme_, side_);
            connect(view, &TurnView::actionRequested, this,
                    [this, i](TurnAction action) { Q_EMIT actionRequested(i, action); });
            column_->insertWidget(static_cast<int>(i), view);
            views_ << view;
        }
        const bool last = i + 1 == turns.size();
        views_[static_cast<qsizetype>(i)]->setTurn(turns[i],
                                                   last ? controller_.status(side_) : SideStatus{});
    }
    showEmptyState();
    showStatus();
    orderTabs();
}

/// Turns and the parts of their answers are made while one talks, and would come last for Tab.
void ChatPane::orderTabs() {
    QWidget* before = choose_;
    const auto next = [&before](QWidget* widget) {
        if ((widget->focusPolicy() & Qt::TabFocus) == 0)
            return;
        setTabOrder(before, widget);
        before = widget;
    };
    for (TurnView* view : views_) {
        next(view);
        for (QWidget* part : view->findChildren<QWidget*>()) // in the order they stand in
            next(part);
    }
}

void ChatPane::showLast() {
    if (!views_.isEmpty() && !controller_.turns().empty())
        views_.last()->setTurn(controller_.turns().back(), controller_.status(side_));
    showStatus();
}

void ChatPane::showEmptyState() {
    const bool model = !controller_.modelPath(side_).isEmpty();
    stack_->setCurrentIndex(views_.isEmpty() ? 0 : 1);
    open_->setVisible(!model);
    if (!model)
        emptyText_->setText(side_ == ChatSide::original ? tr("Open the original to compare with.")
                                                        : tr("Open a quantized model to talk to."));
    else
        emptyText_->setText(side_ == ChatSide::original
                                ? tr("Write a message below.")
                                : tr("This is a 1-bit model. Wrong facts and repetitions are "
                                     "expected; compare with the left side."));
}

void ChatPane::showStatus() {
    const QString path = controller_.modelPath(side_);
    const ChatAnswer* last = nullptr;
    for (const ChatTurn& turn : controller_.turns())
        if (const auto& answer = turn.answer(side_); answer && !answer->stats.format.empty())
            last = &*answer;
    QString detail = path.isEmpty() ? tr("no model") : QFileInfo(path).fileName();
    if (last != nullptr)
        detail = tr("%1 · %2 MB")
                     .arg(QString::fromStdString(last->stats.format).toUpper(),
                          numberText(static_cast<double>(last->stats.fileBytes) / 1e6, 1));
    detail_->setText(detail);
    detail_->setToolTip(tr("%1. Format of the weights in use and size of the file.").arg(path));
    const SideStatus& status = controller_.status(side_);
    const double live = status.decodeSpeed > 0 ? status.decodeSpeed
                        : last != nullptr      ? last->stats.decodeSpeed
                                               : std::nan("");
    speed_->setText(numberText(live, live < 100 ? 1 : 0));
    choose_->setEnabled(!controller_.running());
}

QString ChatPane::speedText() const {
    return speed_->text();
}

std::pair<int, double> ChatPane::scrollPlace() const {
    const int top = scroll_->verticalScrollBar()->value();
    for (int i = 0; i < views_.size(); ++i) {
        const QRect rect = views_[i]->geometry();
        if (rect.bottom() > top)
            return {i, std::max(0.0, (top - rect.top()) / static_cast<double>(rect.height()))};
    }
    return {0, 0.0};
}

void ChatPane::scrollTo(std::pair<int, double> place) {
    if (place.first < 0 || place.first >= views_.size())
        return;
    const QRect rect = views_[place.first]->geometry();
    scroll_->verticalScrollBar()->setValue(
        rect.top() + static_cast<int>(std::lround(place.second * rect.height())));
}

/// Whoever scrolled up to read is left alone.
void ChatPane::follow() {
    const QScrollBar* bar = scroll_->verticalScrollBar();
    if (bar->value() >= bar->maximum() - followWithin)
        scrollToEnd();
}

/// After the layout has given the new text its height.
void ChatPane::scrollToEnd() {
    QTimer::singleShot(0, this, [this] {
        QScrollBar* bar = scroll_->verticalScrollBar();
        bar->setValue(bar->maximum());
    });
}

void ChatPane::showRect(std::size_t index, const QRect& rect) {
    const TurnView* view = turn(index);
    if (view == nullptr)
        return;
    const QPoint at = view->mapTo(scroll_->widget(), rect.center());
    scroll_->ensureVisible(at.x(), at.y(), 16, 80);
}

bool ChatPane::showDifference() {
    for (auto view = views_.rbegin(); view != views_.rend(); ++view) {
        const QRect rect = (*view)->text()->differenceRect();
        if (!rect.isNull()) {
            const QPoint at = (*view)->text()->mapTo(*view, rect.topLeft());
            showRect(turns() - 1 - static_cast<std::size_t>(view - views_.rbegin()),
                     {at, rect.size()});
            (*view)->setFocus(Qt::OtherFocusReason);
            return true;
        }
    }
    return false;
}

void ChatPane::restyle() {
    const SeriesStyle style = seriesStyle(
        side_ == ChatSide::original ? Series::original : Series::quantized, theme_.tokens());
    swatch_->setPixmap(swatchOf(style, devicePixelRatioF()));
    choose_->setIcon(theme_.icon("chevron-down"));
}

} // namespace bwla::ui
