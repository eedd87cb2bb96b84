// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/kept_group.h"

#include "core/error.h"
#include "core/model/half.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>

namespace bwla {
namespace {

/// Exact for what was a bfloat16.
std::uint16_t floatToBfloat16(float value) {
    return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16U);
}

KeptLinear keptLinear(const ModelSource& source, const std::string& name) {
    KeptLinear linear;
    const std::vector<float> values = source.tensor(name);
    linear.type = source.type(name) == DType::bf16 ? DType::bf16 : DType::f16;
    const bool bf16 = linear.type == DType::bf16;
    linear.weight.resize(values.size());
    std::ranges::transform(values, linear.weight.begin(), bf16 ? floatToBfloat16 : floatToHalf);
    // BF16 is held as F16 when the model runs, like the original.
    if (!std::ranges::all_of(
            values, [](float value) { return std::isfinite(halfToFloat(floatToHalf(value))); }))
        throw Error(ErrorCode::numeric)
            .of(name)
            .because("it holds a value that half precision cannot hold");
    return linear;
}

} // namespace

QuantizedGroup keptGroup(const ModelSource& source, std::int64_t layer, GroupKind kind) {
    QuantizedGroup kept;
    kept.cols = source.config().groupInputs(kind);
    for (int i = 0; i < std::ssize(group(kind).linears); ++i) {
        kept.kept.push_back(keptLinear(source, linearName(layer, kind, i)));
        kept.kept.back().rows = source.config().linearOutputs(kind, i);
    }
    return kept;
}

} // namespace bwla
