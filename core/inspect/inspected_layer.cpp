// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/inspect/inspected_layer.h"

#include "core/error.h"
#include "core/model/half.h"
#include "core/model/tensor_names.h"
#include "core/stats/moments.h"

#include <numeric>
#include <span>

namespace bwla {
namespace {

float signAt(const HostLinear& linear, std::int64_t row, std::int64_t col) {
    const std::int64_t word = row * HostLinear::wordsPerRow(linear.cols) + col / 32;
    return (linear.signs[static_cast<std::size_t>(word)] >> (col % 32) & 1U) != 0U ? 1.0F : -1.0F;
}

} // namespace

std::string layerName(const LayerId& layer) {
    return moduleName(layer.block, layer.kind, layer.index);
}

double RowValues::error() const {
    std::vector<float> approximation = stored;
    for (std::size_t j = 0; j < approximation.size(); ++j)
        approximation[j] += rotated[j] - residual[j];
    return relativeError(rotated, approximation);
}

InspectedLayer::InspectedLayer(std::vector<float> original, const HostInput& input,
                               HostLinear linear)
    : original_(std::move(original)), linear_(std::move(linear)),
      rotation_(KroneckerMap::inverse(input.r1, input.r2, input.factor1, input.factor2)),
      columnScale_(input.columnScale) {
    const auto cols = static_cast<std::size_t>(linear_.cols);
    if (original_.size() != static_cast<std::size_t>(linear_.rows) * cols)
        throw Error(ErrorCode::badShape).because("the original's layer has another shape");
    if (columnScale_.empty())
        columnScale_.assign(cols, 1.0F);
    meanColumnScale_ = std::accumulate(columnScale_.begin(), columnScale_.end(), 0.0) /
                       static_cast<double>(linear_.cols);
    lowRankB_.resize(static_cast<std::size_t>(linear_.rank) * cols);
    for (std::size_t i = 0; i < lowRankB_.size(); ++i)
        lowRankB_[i] = static_cast<float>(input.lowRankB[i]) * input.lowRankBScale[i / cols] *
                       linear_.lowRankAScale[i / cols] * columnScale_[i % cols];
}

std::vector<float> InspectedLayer::lowRank(std::int64_t channel) const {
    const auto cols = static_cast<std::size_t>(linear_.cols);
    std::vector<float> sum(cols);
    for (std::size_t k = 0; k < static_cast<std::size_t>(linear_.rank); ++k) {
        const std::size_t a = static_cast<std::size_t>(channel * linear_.rank) + k;
        const auto share = static_cast<float>(linear_.lowRankA[a]);
        const float* b = lowRankB_.data() + k * cols;
        for (std::size_t j = 0; j < cols; ++j)
            sum[j] += share * b[j];
    }
    return sum;
}

std::vector<float> InspectedLayer::rowDuringFit(std::int64_t channel,
                                                const KroneckerMap& rotation) const {
    return rotation.apply(std::span(original_).subspan(
        static_cast<std::size_t>(channel * linear_.cols), static_cast<std::size_t>(linear_.cols)));
}

void InspectedLayer::addKept(RowValues& values, std::size_t first) const {
    values.rotated = values.residual = values.original;
    for (std::size_t j = 0; j < values.original.size(); ++j)
        values.stored.push_back(halfToFloat(linear_.f16[first + j]));
}

RowValues InspectedLayer::row(std::int64_t channel) const {
    const auto cols = static_cast<std::size_t>(linear_.cols);
    const auto i = static_cast<std::size_t>(channel);
    RowValues values;
    const auto* w = original_.data() + i * cols;
    values.original.assign(w, w + cols);
    if (isKept()) {
        addKept(values, i * cols);
        return values;
    }
    const float scale = linear_.scale[i];
    const float mean = linear_.mean.empty() ? 0.0F : linear_.mean[i];
    values.rotated = rotation_.apply(values.original);
    values.residual = values.rotated;
    const std::vector<float> low = lowRank(channel);
    for (std::size_t j = 0; j < cols; ++j) {
        const float b = columnScale_[j];
        const auto inLevels = [&](float value) {
            return b == 0.0F || scale == 0.0F ? 0.0F : (value / b - mean) / scale;
        };
        values.residual[j] -= low[j];
        values.stored.push_back(
            b * (scale * signAt(linear_, channel, static_cast<std::int64_t>(j)) + mean));
        values.inLevels.push_back(inLevels(values.residual[j]));
        values.rotatedInLevels.push_back(inLevels(values.rotated[j]));
    }
    values.level = scale * meanColumnScale_;
    return values;
}

InspectedLayer::Errors InspectedLayer::errors() const {
    double error = 0.0, energy = 0.0, largest = -1.0;
    Errors result;
    for (std::int64_t i = 0; i < rows(); ++i) {
        const RowValues values = row(i);
        double rowEnergy = 0.0;
        for (const float w : values.rotated)
            rowEnergy += double{w} * w;
        const double share = values.error();
        error += share * rowEnergy;
        energy += rowEnergy;
        if (share > largest) {
            largest = share;
            result.worst = i;
        }
    }
    result.plain = energy > 0.0 ? error / energy : 0.0;
    return result;
}

} // namespace bwla
