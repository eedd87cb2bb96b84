// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/model_config.h"

namespace bwla {

std::int64_t ModelConfig::groupInputs(GroupKind kind) const {
    switch (kind) {
    case GroupKind::attnOut:
        return heads * headDim;
    case GroupKind::mlpOut:
        return feedForward;
    case GroupKind::attnIn:
    case GroupKind::mlpIn:
        break;
    }
    return width;
}

std::int64_t ModelConfig::linearOutputs(GroupKind kind, int index) const {
    switch (kind) {
    case GroupKind::attnIn:
        return (index == 0 ? heads : kvHeads) * headDim;
    case GroupKind::mlpIn:
        return feedForward;
    case GroupKind::attnOut:
    case GroupKind::mlpOut:
        break;
    }
    return width;
}

std::int64_t ModelConfig::decoderWeights() const {
    std::int64_t block = 0;
    for (const InputGroup& g : groups())
        for (int i = 0; i < static_cast<int>(g.linears.size()); ++i)
            block += linearOutputs(g.kind, i) * groupInputs(g.kind);
    return layers * block;
}

std::int64_t ModelConfig::parameters() const {
    const std::int64_t norms = (2 * layers + 1) * width;
    return decoderWeights() + norms + (tiedHead ? 1 : 2) * vocabulary * width;
}

} // namespace bwla
