// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/inspect/inspected_layer.h"
#include "core/model/artifact.h"
#include "core/model/model_source.h"

#include <filesystem>
#include <memory>
#include <vector>

namespace bwla {

/// What the artifact and its original alone say of a layer. Row statistics come from
/// `surveyedRows` evenly spaced rows, as in GroupReport; the error from all.
struct LayerSurvey {
    LayerId layer;
    double plainError = 0.0; ///< |W' - stored - L|^2 / |W'|^2
    std::int64_t worstChannel = 0;
    double binarisationBefore = 0.0, binarisationAfter = 0.0, binarisationResidual = 0.0;
    double kurtosisBefore = 0.0, kurtosisAfter = 0.0, kurtosisResidual = 0.0;
    double bimodalBefore = 0.0, bimodalAfter = 0.0, bimodalResidual = 0.0; ///< share of rows
};

inline constexpr std::int64_t surveyedRows = 64;

[[nodiscard]] LayerSurvey surveyLayer(const LayerId& id, const InspectedLayer& layer);

/// An artifact beside its original, opened for looking at. Thread-safe.
class ModelInspection {
public:
    /// Throws what Artifact::open and ModelSource::open throw; Error{badArgument} where the two
    /// have different shapes.
    ModelInspection(const std::filesystem::path& artifact, const std::filesystem::path& original);

    [[nodiscard]] const Artifact& artifact() const { return *artifact_; }
    [[nodiscard]] const ModelSource& original() const { return *original_; }
    /// All linears in the order of the forward pass.
    [[nodiscard]] std::vector<LayerId> layers() const;
    [[nodiscard]] bool isKept(const LayerId& id) const {
        return artifact_->isKept(id.block, id.kind);
    }
    [[nodiscard]] std::shared_ptr<const InspectedLayer> layer(const LayerId& id) const;

private:
    std::unique_ptr<Artifact> artifact_;
    std::unique_ptr<ModelSource> original_;
};

/// Models beside the artifact (in its parent folder) that have its shape, sorted by name: a guess
/// at its original where nothing recorded it.
[[nodiscard]] std::vector<std::filesystem::path>
originalsBeside(const std::filesystem::path& artifact);

} // namespace bwla
