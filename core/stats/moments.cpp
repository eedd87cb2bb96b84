// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/stats/moments.h"

#include <cmath>
#include <cstddef>

namespace bwla {

Moments moments(std::span<const float> values) {
    Moments result;
    if (values.empty())
        return result;
    const auto count = static_cast<double>(values.size());
    for (const float value : values)
        result.mean += value;
    result.mean /= count;
    double fourth = 0.0;
    for (const float value : values) { // second pass: no cancellation far from zero
        const double square = (value - result.mean) * (value - result.mean);
        result.variance += square;
        fourth += square * square;
    }
    result.variance /= count;
    if (result.variance > 0.0)
        result.kurtosis = fourth / count / (result.variance * result.variance);
    return result;
}

double kurtosis(std::span<const float> values) {
    return moments(values).kurtosis;
}

double relativeError(std::span<const float> values, std::span<const float> approximation) {
    double error = 0.0;
    double energy = 0.0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double difference = double{values[i]} - approximation[i];
        error += difference * difference;
        energy += double{values[i]} * values[i];
    }
    return error == 0.0 ? 0.0 : error / energy;
}

double binaryLevel(std::span<const float> row) {
    double sum = 0.0;
    for (const float value : row)
        sum += std::abs(value);
    return row.empty() ? 0.0 : sum / static_cast<double>(row.size());
}

double binarisationError(std::span<const float> row, double level) {
    double error = 0.0;
    double energy = 0.0;
    for (const float value : row) {
        const double difference = value - (value < 0.0F ? -level : level);
        error += difference * difference;
        energy += double{value} * value;
    }
    return error == 0.0 ? 0.0 : error / energy;
}

double binarisationError(std::span<const float> row) {
    return binarisationError(row, binaryLevel(row));
}

double meanBinarisationError(std::span<const float> rows, std::int64_t cols) {
    const auto width = static_cast<std::size_t>(cols);
    double sum = 0.0;
    for (std::size_t start = 0; start < rows.size(); start += width)
        sum += binarisationError(rows.subspan(start, width));
    return rows.empty() ? 0.0 : sum * static_cast<double>(width) / static_cast<double>(rows.size());
}

} // namespace bwla
