// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/tensor_source.h"

#include "core/error.h"
#include "core/model/dequantizer.h"
#include "core/model/hash128.h"
#include "core/model/tensor_names.h"
#include "core/model/tensor_reader.h"

#include <algorithm>

namespace bwla {
const TensorView& TensorSource::view(const std::string& name) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end())
        throw Error(ErrorCode::missingTensor).in(path_.string()).of(name);
    return found->second;
}

void TensorSource::checkTensors() const {
    for (const ExpectedTensor& expected : expectedTensors(config_)) {
        const TensorView& found = view(expected.name);
        if (found.shape != expected.shape)
            throw Error(ErrorCode::badShape)
                .in(path_.string())
                .of(expected.name)
                .because("it is " + shapeText(found.shape) + " instead of " +
                         shapeText(expected.shape));
        if (found.type == DType::u32 || found.type == DType::i8)
            throw Error(ErrorCode::unsupportedType)
                .in(path_.string())
                .of(expected.name)
                .because(dtypeName(found.type));
    }
}

bool TensorSource::has(const std::string& name) const {
    return tensors_.contains(name);
}

std::vector<float> TensorSource::tensor(const std::string& name) const {
    return dequantize(view(name));
}

DType TensorSource::type(const std::string& name) const {
    return view(name).type;
}

std::vector<std::string> TensorSource::dtypes() const {
    std::map<DType, int> counts;
    for (const ExpectedTensor& expected : expectedTensors(config_))
        if (expected.linear)
            ++counts[view(expected.name).type];
    std::vector<std::pair<DType, int>> sorted(counts.begin(), counts.end());
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    std::vector<std::string> names;
    for (const auto& [type, count] : sorted)
        names.emplace_back(dtypeName(type));
    return names;
}

std::string TensorSource::fingerprint() const {
    Hash128 hash;
    hash.add(configJson());
    for (const ExpectedTensor& expected : expectedTensors(config_)) {
        const TensorView& found = view(expected.name);
        hash.add(expected.name);
        hash.add(dtypeName(found.type));
        hash.add(found.bytes);
    }
    return hash.hex();
}

} // namespace bwla
