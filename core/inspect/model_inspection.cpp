// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/inspect/model_inspection.h"

#include "core/error.h"
#include "core/stats/mixture.h"
#include "core/stats/moments.h"

#include <algorithm>

namespace bwla {
namespace {

namespace fs = std::filesystem;

bool sameShape(const ModelConfig& a, const ModelConfig& b) {
    return a.layers == b.layers && a.width == b.width && a.feedForward == b.feedForward &&
           a.heads == b.heads && a.kvHeads == b.kvHeads && a.headDim == b.headDim &&
           a.vocabulary == b.vocabulary;
}

/// Sums over rows; divided once at the end.
void addRow(std::span<const float> row, double& binarisation, double& kurtosisSum,
            double& bimodal) {
    binarisation += binarisationError(row);
    kurtosisSum += kurtosis(row);
    bimodal += fitEqualMixture(row).bimodal() ? 1.0 : 0.0;
}

} // namespace

LayerSurvey surveyLayer(const LayerId& id, const InspectedLayer& layer) {
    LayerSurvey s;
    s.layer = id;
    const InspectedLayer::Errors errors = layer.errors();
    s.plainError = errors.plain;
    s.worstChannel = errors.worst;
    const std::int64_t count = std::min(layer.rows(), surveyedRows);
    for (std::int64_t i = 0; i < count; ++i) {
        const RowValues row = layer.row(i * layer.rows() / count);
        addRow(row.original, s.binarisationBefore, s.kurtosisBefore, s.bimodalBefore);
        addRow(row.rotated, s.binarisationAfter, s.kurtosisAfter, s.bimodalAfter);
        addRow(row.residual, s.binarisationResidual, s.kurtosisResidual, s.bimodalResidual);
    }
    for (double* sum : {&s.binarisationBefore, &s.binarisationAfter, &s.binarisationResidual,
                        &s.kurtosisBefore, &s.kurtosisAfter, &s.kurtosisResidual, &s.bimodalBefore,
                        &s.bimodalAfter, &s.bimodalResidual})
        *sum /= static_cast<double>(count);
    return s;
}

ModelInspection::ModelInspection(const fs::path& artifact, const fs::path& original)
    : artifact_(Artifact::open(artifact)), original_(ModelSource::open(original)) {
    if (!sameShape(artifact_->config(), original_->config()))
        throw Error(ErrorCode::badArgument)
            .in(original.string())
            .because(original.filename().string() + " has another shape than " +
                     artifact.filename().string() +
                     ": choose the model that it was quantized from.");
}

std::vector<LayerId> ModelInspection::layers() const {
    std::vector<LayerId> all;
    for (std::int64_t block = 0; block < artifact_->config().layers; ++block)
        for (const InputGroup& g : groups())
            for (int i = 0; i < static_cast<int>(g.linears.size()); ++i)
                all.push_back({block, g.kind, i});
    return all;
}

std::shared_ptr<const InspectedLayer> ModelInspection::layer(const LayerId& id) const {
    LayerWeights weights = artifact_->layer(id.block);
    GroupWeights& group = weights.groups[static_cast<std::size_t>(id.kind)];
    return std::make_shared<InspectedLayer>(
        original_->tensor(linearName(id.block, id.kind, id.index)), group.input,
        std::move(group.linears[static_cast<std::size_t>(id.index)]));
}

std::vector<fs::path> originalsBeside(const fs::path& artifact) {
    std::vector<fs::path> found;
    const ModelConfig config = Artifact::open(artifact)->config();
    std::error_code ignored;
    for (const auto& entry :
         fs::directory_iterator(fs::absolute(artifact).parent_path(), ignored)) {
        const fs::path& path = entry.path();
        const bool folder = entry.is_directory(ignored);
        if (folder ? !fs::exists(path / "config.json", ignored) || Artifact::isArtifact(path)
                   : path.extension() != ".gguf")
            continue;
        try {
            if (sameShape(ModelSource::open(path)->config(), config))
                found.push_back(path);
        } catch (const Error&) {
            continue; // no model that could be the original
        }
    }
    std::ranges::sort(found);
    return found;
}

} // namespace bwla
