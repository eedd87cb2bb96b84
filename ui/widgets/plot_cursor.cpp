// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/plot_cursor.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace bwla::ui {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

int nearest(const std::vector<double>& sorted, double x) {
    const auto right = std::ranges::lower_bound(sorted, x);
    if (right == sorted.begin())
        return 0;
    if (right == sorted.end())
        return static_cast<int>(sorted.size()) - 1;
    const auto at = static_cast<int>(right - sorted.begin());
    return x - *(right - 1) < *right - x ? at - 1 : at;
}

/// The curve's value at its point next to x, if x lies within its range.
double valueAt(const PlotSeries& series, double x) {
    if (series.x.empty())
        return none;
    const double slack = series.x.size() < 2 ? 0.0 : 0.5 * (series.x[1] - series.x[0]);
    if (x < series.x.front() - slack || x > series.x.back() + slack)
        return none;
    return series.y[static_cast<std::size_t>(nearest(series.x, x))];
}

} // namespace

void PlotCursor::setData(const PlotData& data, const QSet<QString>& hidden) {
    const double before = active_ ? x() : none;
    data_ = data;
    hidden_ = hidden;
    series_ = std::clamp(series_, 0, std::max(0, static_cast<int>(data_.series.size()) - 1));
    if (series() != nullptr && hidden_.contains(series()->name))
        changeSeries(1);
    row_ = data_.map ? std::clamp(row_, 0, std::max(0, data_.map->rows - 1)) : 0;
    active_ = active_ && points() > 0;
    if (active_)
        moveTo(before, row_);
}

void PlotCursor::moveTo(double x, double y) {
    active_ = points() > 0;
    if (!active_)
        return;
    if (data_.map) {
        index_ = std::clamp(static_cast<int>(std::lround(x)), 0, data_.map->cols - 1);
        row_ = std::clamp(static_cast<int>(std::lround(y)), 0, data_.map->rows - 1);
    } else {
        index_ = nearest(series()->x, x);
    }
}

void PlotCursor::step(int by) {
    const int count = points();
    if (count == 0)
        return;
    index_ = active_ ? std::clamp(index_ + by, 0, count - 1) : (count - 1) / 2;
    active_ = true;
}

void PlotCursor::toEnd(bool last) {
    active_ = points() > 0;
    index_ = last && active_ ? points() - 1 : 0;
}

void PlotCursor::changeSeries(int by) {
    if (data_.map) {
        row_ = std::clamp(row_ + by, 0, data_.map->rows - 1);
        return;
    }
    const auto count = static_cast<int>(data_.series.size());
    const double here = active_ ? x() : none;
    for (int tries = 0; tries < count; ++tries) {
        series_ = (series_ + by + count) % count;
        if (!hidden_.contains(series()->name))
            break;
    }
    if (active_)
        moveTo(here, 0.0);
}

double PlotCursor::x() const {
    if (data_.map)
        return index_;
    return points() == 0 ? none : series()->x[static_cast<std::size_t>(index_)];
}

QList<PlotCursor::Reading> PlotCursor::readings() const {
    QList<Reading> all;
    if (data_.map) {
        const auto at = static_cast<std::size_t>(row_) * static_cast<std::size_t>(data_.map->cols) +
                        static_cast<std::size_t>(index_);
        all << Reading{data_.y.title, static_cast<double>(row_), Series::other}
            << Reading{{}, data_.map->values[at], Series::other};
        return all;
    }
    for (const PlotSeries& series : data_.series)
        if (!hidden_.contains(series.name))
            all << Reading{series.name, valueAt(series, x()), series.series};
    return all;
}

PlotCursor::Reading PlotCursor::current() const {
    if (data_.map)
        return readings().last();
    if (points() == 0)
        return {};
    const PlotSeries& s = *series();
    return {s.name, s.y[static_cast<std::size_t>(index_)], s.series};
}

const PlotSeries* PlotCursor::series() const {
    return series_ < data_.series.size() ? &data_.series[series_] : nullptr;
}

int PlotCursor::points() const {
    if (data_.map)
        return data_.map->rows > 0 ? data_.map->cols : 0;
    return series() == nullptr ? 0 : static_cast<int>(series()->x.size());
}

} // namespace bwla::ui
