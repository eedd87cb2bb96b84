// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_weights.h"

namespace bwla {

/// `weights`, its embedding and head rounded to 8 bits and a scale a row (row_int8.h) as an
/// artifact's are: a third of a small original's bytes read a token. `weights` must outlive it. Its
/// tables throw Error{numeric} where a value is not finite or too large.
class ByteTables final : public ModelWeights {
public:
    explicit ByteTables(const ModelWeights& weights) : weights_(weights) {}

    [[nodiscard]] const ModelConfig& config() const override { return weights_.config(); }
    [[nodiscard]] LayerWeights layer(std::int64_t index) const override {
        return weights_.layer(index);
    }
    [[nodiscard]] HostLinear embedding() const override;
    [[nodiscard]] HostLinear head() const override;
    [[nodiscard]] std::vector<float> finalNorm() const override { return weights_.finalNorm(); }
    [[nodiscard]] int activationBits() const override { return weights_.activationBits(); }
    [[nodiscard]] std::string format() const override { return weights_.format(); }

private:
    const ModelWeights& weights_;
};

} // namespace bwla
