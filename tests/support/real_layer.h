// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_source.h"
#include "core/quant/matrix.h"
#include "real_model.h"

namespace bwla::test {

/// The stacked linears of a group of the default model, (n, m).
inline Matrix realGroup(std::int64_t layer, GroupKind kind, Precision precision = Precision::f32) {
    static const auto source = ModelSource::open(realModel());
    std::vector<float> values;
    for (int i = 0; i < static_cast<int>(group(kind).linears.size()); ++i) {
        const std::vector<float> part = source->tensor(linearName(layer, kind, i));
        values.insert(values.end(), part.begin(), part.end());
    }
    const std::int64_t cols = source->config().groupInputs(kind);
    return Matrix::fromHost(static_cast<std::int64_t>(values.size()) / cols, cols, values, "cpu",
                            precision);
}

} // namespace bwla::test
