// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/plot_canvas.h"

#include "ui/theme/theme.h"
#include "ui/widgets/plot_legend.h"
#include "ui/widgets/plot_style.h"
#include "ui/widgets/viridis.h"

#include <qcustomplot.h>

#include <algorithm>
#include <cmath>

namespace bwla::ui {
namespace {

constexpr int mostTicks = 6;
constexpr double headroom = 1.06; // over the highest value
constexpr int markSpace = 18;     // above the axes, for the marks' labels
constexpr int viridisStops = 32;
constexpr double closeMarks = 0.3; // of the view

constexpr double tickEvery = 2.2; // line heights between ticks of an upright axis
constexpr double tickWidth = 5.0; // and of a level one

/// As many ticks as find room; labels with a true minus sign; where only whole numbers mean
/// something, no others.
class Ticker : public QCPAxisTicker {
public:
    Ticker(const QCPAxis& axis, bool whole) : axis_(axis), whole_(whole) {}

protected:
    double getTickStep(const QCPRange& range) override {
        const bool upright = axis_.orientation() == Qt::Vertical;
        const QRect area = axis_.axisRect()->rect();
        const double room = upright ? area.height() / tickEvery : area.width() / tickWidth;
        const int line = QFontMetrics(axis_.tickLabelFont()).height();
        setTickCount(std::clamp(static_cast<int>(room / line), 2, mostTicks));
        const double step = QCPAxisTicker::getTickStep(range);
        return whole_ ? std::max(1.0, step) : step;
    }
    QString getTickLabel(double tick, const QLocale& locale, QChar format, int precision) override {
        return QCPAxisTicker::getTickLabel(tick, locale, format, precision)
            .replace('-', QChar(0x2212));
    }

private:
    const QCPAxis& axis_;
    bool whole_;
};

void setTicker(QCPAxis& axis, bool log, bool whole) {
    if (log) {
        axis.setTicker(QSharedPointer<QCPAxisTickerLog>::create());
        axis.setScaleType(QCPAxis::stLogarithmic);
        axis.setNumberFormat("eb");
        axis.setNumberPrecision(0);
        return;
    }
    axis.setTicker(QSharedPointer<Ticker>::create(axis, whole));
    axis.setScaleType(QCPAxis::stLinear);
    axis.setNumberFormat("gb");
    axis.setNumberPrecision(6);
}

/// Histograms rise from zero at the outer edges of their first and last bin.
void setValues(QCPGraph& graph, const PlotSeries& series) {
    QVector<double> x(series.x.begin(), series.x.end());
    QVector<double> y(series.y.begin(), series.y.end());
    if (series.shape == PlotShape::steps && x.size() > 1) {
        const double width = x[1] - x[0];
        x.prepend(x.first() - width);
        x.append(x.last() + width);
        y.prepend(0.0);
        y.append(0.0);
    }
    graph.setData(x, y, true);
}

struct Extent {
    double low = std::numeric_limits<double>::infinity();
    double high = -std::numeric_limits<double>::infinity();
    void add(double value) {
        if (!std::isfinite(value))
            return;
        low = std::min(low, value);
        high = std::max(high, value);
    }
    /// Never empty, so that axes are drawn without data too.
    [[nodiscard]] std::pair<double, double> range() const {
        if (low > high)
            return {0.0, 1.0};
        if (low == high)
            return {low - 0.5, high + 0.5};
        return {low, high};
    }
};

std::pair<double, double> xRange(const PlotData& data) {
    if (data.x.range)
        return *data.x.range;
    if (data.map)
        return {-0.5, data.map->cols - 0.5};
    Extent extent;
    for (const PlotSeries& series : data.series) {
        if (series.x.empty())
            continue;
        const double half = series.shape == PlotShape::steps && series.x.size() > 1
                                ? 0.5 * (series.x[1] - series.x[0])
                                : 0.0;
        extent.add(series.x.front() - half);
        extent.add(series.x.back() + half);
    }
    return extent.range();
}

std::pair<double, double> yRange(const PlotData& data, const QSet<QString>& hidden) {
    if (data.y.range)
        return *data.y.range;
    if (data.map)
        return {-0.5, data.map->rows - 0.5};
    Extent extent;
    bool bars = false;
    for (const PlotSeries& series : data.series) {
        if (hidden.contains(series.name))
            continue;
        bars = bars || series.shape == PlotShape::steps;
        for (const double y : series.y)
            if (!data.y.log || y > 0.0)
                extent.add(y);
    }
    if (bars)
        extent.add(0.0);
    const auto [low, high] = extent.range();
    if (data.y.log)
        return {std::pow(10.0, std::floor(std::log10(std::max(low, 1e-300)))), high};
    const double spare = (headroom - 1.0) * (high - low);
    return {bars ? low : low - spare, high + spare};
}

/// Labels of two marks that are close lean away from each other.
Qt::Alignment sideOf(const PlotMark& mark, const PlotData& data, std::pair<double, double> view) {
    const double first = data.marks.first().x, last = data.marks.last().x;
    if (data.marks.size() < 2 || last - first > closeMarks * (view.second - view.first))
        return Qt::AlignHCenter;
    return mark.x == first ? Qt::AlignRight : Qt::AlignLeft;
}

} // namespace

PlotCanvas::PlotCanvas(const Theme& theme, QWidget* parent)
    : theme_(theme), plot_(new QCustomPlot(parent)) {
    plot_->setFocusPolicy(Qt::NoFocus);
    plot_->setMouseTracking(true);
    plot_->setMinimumSize(80, 48);
    applyTheme();
}

QWidget* PlotCanvas::widget() const {
    return plot_;
}

void PlotCanvas::applyTheme(QCPAxis& axis) {
    const Tokens& t = theme_.tokens();
    const QPen line(t.control, 1);
    axis.setBasePen(line);
    axis.setTickPen(line);
    axis.setSubTicks(false);
    axis.setTickLength(0, 3);
    axis.setTickLabelColor(t.text2);
    axis.setLabelColor(t.text2);
    axis.setTickLabelFont(theme_.font(TextRole::tick));
    axis.setLabelFont(theme_.font(TextRole::caption));
    axis.setLabelPadding(3);
    axis.grid()->setPen(QPen(t.grid, 1));
    axis.grid()->setZeroLinePen(QPen(t.control, 1));
}

void PlotCanvas::applyTheme() {
    plot_->setBackground(theme_.tokens().surface);
    applyTheme(*plot_->xAxis);
    applyTheme(*plot_->yAxis);
}

void PlotCanvas::draw(const PlotData& data, const QSet<QString>& hidden) {
    plot_->clearPlottables();
    plot_->clearItems();
    plot_->xAxis->setLabel(data.x.title);
    plot_->yAxis->setLabel(data.y.title);
    setTicker(*plot_->xAxis, data.x.log, data.map.has_value());
    setTicker(*plot_->yAxis, data.y.log, data.map.has_value());
    plot_->yAxis->setRangeReversed(data.map.has_value());
    plot_->xAxis->grid()->setVisible(!data.map);
    plot_->yAxis->grid()->setVisible(!data.map);
    setRanges(data, hidden);
    if (data.map)
        drawMap(*data.map);
    drawSeries(data, hidden);
    drawMarks(data);
    plot_->axisRect()->setMinimumMargins(QMargins(8, data.marks.isEmpty() ? 8 : markSpace, 8, 4));
    if (data.empty())
        drawEmptyText(data.emptyText);
    plot_->replot(QCustomPlot::rpQueuedReplot);
}

void PlotCanvas::redrawValues(const PlotData& data) {
    for (int i = 0; i < std::min<int>(plot_->graphCount(), static_cast<int>(data.series.size()));
         ++i)
        setValues(*plot_->graph(i), data.series[i]);
    plot_->replot(QCustomPlot::rpQueuedReplot);
}

void PlotCanvas::drawSeries(const PlotData& data, const QSet<QString>& hidden) {
    for (const PlotSeries& series : data.series) {
        QCPGraph* graph = plot_->addGraph();
        const SeriesLook look = seriesLook(series, theme_.tokens());
        graph->setPen(look.pen);
        graph->setBrush(look.brush);
        const bool steps = series.shape == PlotShape::steps;
        graph->setLineStyle(steps ? QCPGraph::lsStepCenter : QCPGraph::lsLine);
        graph->setAdaptiveSampling(!steps);
        graph->setAntialiased(!steps);
        graph->setVisible(!hidden.contains(series.name));
        setValues(*graph, series);
    }
}

void PlotCanvas::drawMap(const PlotMap& map) {
    auto* colours = new QCPColorMap(plot_->xAxis, plot_->yAxis);
    QCPColorGradient gradient;
    gradient.clearColorStops();
    for (int i = 0; i <= viridisStops; ++i) {
        const double share = static_cast<double>(i) / viridisStops;
        gradient.setColorStopAt(share, viridis(share));
    }
    colours->setGradient(gradient);
    colours->setInterpolate(false);
    colours->data()->setSize(map.cols, map.rows);
    colours->data()->setRange(QCPRange(0, std::max(1, map.cols - 1)),
                              QCPRange(0, std::max(1, map.rows - 1)));
    for (int row = 0; row < map.rows; ++row)
        for (int col = 0; col < map.cols; ++col)
            colours->data()->setCell(
                col, row,
                map.values[static_cast<std::size_t>(row) * static_cast<std::size_t>(map.cols) +
                           static_cast<std::size_t>(col)]);
    colours->setDataRange(QCPRange(map.low, map.high));
}

void PlotCanvas::drawMarks(const PlotData& data) {
    const Tokens& t = theme_.tokens();
    for (const PlotMark& mark : data.marks) {
        auto* line = new QCPItemStraightLine(plot_);
        QPen pen(t.text1, 1.5);
        setDashes(pen, {8, 3});
        line->setPen(pen);
        line->setAntialiased(false);
        line->point1->setCoords(mark.x, 0.0);
        line->point1->setTypeX(QCPItemPosition::ptPlotCoords);
        line->point2->setCoords(mark.x, 1.0);
        if (mark.label.isEmpty())
            continue;
        auto* text = new QCPItemText(plot_);
        text->setClipToAxisRect(false);
        text->position->setTypeX(QCPItemPosition::ptPlotCoords);
        text->position->setTypeY(QCPItemPosition::ptAxisRectRatio);
        text->position->setCoords(mark.x, 0.0);
        text->setPositionAlignment(sideOf(mark, data, view()) | Qt::AlignBottom);
        text->setText(mark.label);
        text->setColor(t.text1);
        text->setFont(theme_.font(TextRole::tick));
    }
    if (!data.handle)
        return;
    auto* ring = new QCPItemTracer(plot_);
    ring->setStyle(QCPItemTracer::tsCircle);
    ring->setSize(10);
    ring->setPen(QPen(seriesStyle(Series::afterPsp, t).colour, 3));
    ring->setBrush(t.surface);
    ring->setClipToAxisRect(false);
    ring->position->setCoords(data.handle->x(), data.handle->y());
}

void PlotCanvas::drawEmptyText(const QString& text) {
    auto* item = new QCPItemText(plot_);
    item->position->setType(QCPItemPosition::ptAxisRectRatio);
    item->position->setCoords(0.5, 0.5);
    item->setText(text);
    item->setColor(theme_.tokens().text2);
    item->setFont(theme_.font(TextRole::body));
    item->setClipToAxisRect(false);
}

void PlotCanvas::setRanges(const PlotData& data, const QSet<QString>& hidden) {
    const auto range = xRange(data);
    if (range != whole_)
        zoomed_ = false;
    whole_ = range;
    if (!zoomed_)
        plot_->xAxis->setRange(range.first, range.second);
    const auto [low, high] = yRange(data, hidden);
    plot_->yAxis->setRange(low, high);
}

void PlotCanvas::zoomTo(std::pair<double, double> range) {
    range.first = std::max(range.first, whole_.first);
    range.second = std::min(range.second, whole_.second);
    if (!(range.first < range.second))
        return;
    zoomed_ = range != whole_;
    plot_->xAxis->setRange(range.first, range.second);
    plot_->replot(QCustomPlot::rpQueuedReplot);
}

std::pair<double, double> PlotCanvas::view() const {
    return {plot_->xAxis->range().lower, plot_->xAxis->range().upper};
}

double PlotCanvas::xAt(double pixel) const {
    return plot_->xAxis->pixelToCoord(pixel);
}

double PlotCanvas::yAt(double pixel) const {
    return plot_->yAxis->pixelToCoord(pixel);
}

QPointF PlotCanvas::pixelAt(double x, double y) const {
    return {plot_->xAxis->coordToPixel(x), plot_->yAxis->coordToPixel(y)};
}

QRect PlotCanvas::area() const {
    return plot_->axisRect()->rect();
}

void PlotCanvas::paint(QPaintDevice& device, QSize size, double scale, const QString& title,
                       const PlotLegend& legend) {
    QCPPainter painter(&device);
    painter.scale(scale, scale);
    painter.fillRect(QRect(QPoint(), size), theme_.tokens().surface);
    painter.setFont(theme_.font(TextRole::cardTitle));
    painter.setPen(theme_.tokens().text1);
    const int line = painter.fontMetrics().height() + 8;
    painter.drawText(QRect(12, 4, size.width() - 24, line), Qt::AlignLeft | Qt::AlignVCenter,
                     title);
    legend.paint(painter, QRect(0, line + 4, size.width(), line));
    painter.translate(0, 2 * line);
    painter.setMode(QCPPainter::pmNoCaching);
    plot_->toPainter(&painter, size.width(), size.height() - 2 * line);
}

} // namespace bwla::ui
