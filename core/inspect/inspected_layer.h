// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/inspect/kronecker_map.h"
#include "core/model/input_group.h"
#include "kernels/host_linear.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bwla {

/// A linear layer of a model: linear `index` of a group of a block.
struct LayerId {
    std::int64_t block = 0;
    GroupKind kind = GroupKind::attnIn;
    int index = 0;
    bool operator==(const LayerId&) const = default;
    auto operator<=>(const LayerId&) const = default;
};

/// "model.layers.11.mlp.down_proj"
[[nodiscard]] std::string layerName(const LayerId& layer);

/// One row (output channel) of a layer at every stage, [cols] each. `original` has the columns of
/// W; the others those of the rotated frame.
struct RowValues {
    std::vector<float> original; ///< w
    std::vector<float> rotated;  ///< w' = w (R')^-1 with the stored R
    std::vector<float> residual; ///< w' - L, L = b (.) A B as stored
    std::vector<float> stored;   ///< b_j (a_i S_ij + mu_i): what stands for the residual
    std::vector<float> inLevels; ///< (residual_j / b_j - mu_i) / a_i: the stored levels are -1, +1
    std::vector<float> rotatedInLevels; ///< the same of w'
    double level = 0.0; ///< a_i times the mean of b: half the distance of the two levels

    /// |residual - stored|^2 / |w'|^2: the share of the row's energy that quantizing lost.
    [[nodiscard]] double error() const;
};

/// A layer of an artifact beside its original, held in memory (4 bytes a weight), so that a row
/// costs some tenths of a millisecond. Immutable: any thread.
/// Of a layer kept in float `rotated` and `residual` are the original, `stored` the kept values;
/// there are no levels.
class InspectedLayer {
public:
    /// `original` (rows, cols) row-major. Throws Error{badShape} where sizes differ,
    /// Error{corrupt} for a singular rotation.
    InspectedLayer(std::vector<float> original, const HostInput& input, HostLinear linear);

    [[nodiscard]] std::int64_t rows() const { return linear_.rows; }
    [[nodiscard]] std::int64_t cols() const { return linear_.cols; }
    [[nodiscard]] bool isKept() const { return linear_.kind != WeightKind::binary; }
    [[nodiscard]] RowValues row(std::int64_t channel) const;
    /// w R of a row with factors of a round of the fit instead of the stored ones.
    [[nodiscard]] std::vector<float> rowDuringFit(std::int64_t channel,
                                                  const KroneckerMap& rotation) const;
    /// |W' - stored - L|^2 / |W'|^2 of the layer, and the row with the largest error.
    struct Errors {
        double plain = 0.0;
        std::int64_t worst = 0;
    };
    [[nodiscard]] Errors errors() const;

private:
    [[nodiscard]] std::vector<float> lowRank(std::int64_t channel) const;
    void addKept(RowValues& values, std::size_t first) const;

    std::vector<float> original_;
    HostLinear linear_;
    KroneckerMap rotation_;
    std::vector<float> columnScale_; ///< b, [cols], ones where the artifact has none
    double meanColumnScale_ = 1.0;
    std::vector<float> lowRankB_; ///< (rank, cols), both scales and b multiplied in
};

} // namespace bwla
