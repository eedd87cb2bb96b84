// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/row_int8.h"

#include "core/error.h"
#include "core/model/half.h"

#include <algorithm>
#include <cmath>

namespace bwla {
namespace {

constexpr float levels = 127.0F;

std::uint16_t rowScale(std::span<const float> row, const std::string& name) {
    float largest = 0.0F;
    bool sound = true;
    for (const float w : row) {
        largest = std::max(largest, std::abs(w));
        sound = sound && std::isfinite(w);
    }
    const std::uint16_t scale = floatToHalf(largest / levels);
    if (!sound || !std::isfinite(halfToFloat(scale)))
        throw Error(ErrorCode::numeric).of(name).because("it cannot be rounded to 8 bits");
    return scale;
}

} // namespace

RowInt8 roundRows(std::span<const float> weights, std::int64_t cols, const std::string& name) {
    RowInt8 result;
    result.cols = cols;
    result.values.reserve(weights.size());
    const auto width = static_cast<std::size_t>(cols);
    for (std::size_t start = 0; start < weights.size(); start += width) {
        const auto row = weights.subspan(start, width);
        result.scale.push_back(rowScale(row, name));
        const float scale = halfToFloat(result.scale.back());
        for (const float w : row) { // a row below half precision altogether has scale 0
            const float q = scale == 0.0F ? 0.0F : std::nearbyint(w / scale);
            result.values.push_back(static_cast<std::int8_t>(std::clamp(q, -levels, levels)));
        }
    }
    result.rows = static_cast<std::int64_t>(result.scale.size());
    return result;
}

} // namespace bwla
