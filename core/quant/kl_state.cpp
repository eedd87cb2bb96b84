// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/kl_state.h"

#include "core/error.h"
#include "core/model/safetensors.h"

#include <ATen/core/grad_mode.h>

#include <cmath>
#include <cstdlib>
#include <cstring>

namespace bwla {
namespace {

NamedTensor named(const std::string& name, const at::Tensor& x, DType type) {
    const at::Tensor host = x.to(at::kCPU).contiguous();
    NamedTensor tensor{name, type, {host.numel()}, {}};
    tensor.bytes.resize(host.nbytes());
    std::memcpy(tensor.bytes.data(), host.data_ptr(), tensor.bytes.size());
    return tensor;
}

/// The file's tensor as a copy of type and size `like`.
at::Tensor read(const SafetensorsFile& file, const std::string& name, std::int64_t size,
                at::ScalarType type) {
    const TensorView& view = file.at(name);
    at::Tensor x = at::empty({size}, type);
    if (view.bytes.size() != x.nbytes())
        throw Error(ErrorCode::badShape).in(file.path().string()).of(name);
    std::memcpy(x.data_ptr(), view.bytes.data(), x.nbytes());
    return x;
}

std::int64_t number(const SafetensorsFile& file, const char* key) {
    const auto found = file.metadata().find(key);
    return found == file.metadata().end() ? 0 : std::strtoll(found->second.c_str(), nullptr, 10);
}

} // namespace

void saveKlState(const std::filesystem::path& file, const KlProgress& progress,
                 ParameterPool& parameters, const LatentSigns& signs) {
    const Adam& adam = parameters.state();
    std::vector<NamedTensor> tensors{named("first", adam.first, DType::f32)};
    if (!signs.empty())
        tensors.push_back(named("latents", signs.compact(), DType::i8));
    tensors.push_back(named("parameters", adam.value, DType::f32));
    tensors.push_back(named("second", adam.second, DType::f32));
    writeSafetensors(file, tensors,
                     {{"milliseconds", std::to_string(std::llround(1e3 * progress.seconds))},
                      {"moments_since", std::to_string(progress.momentsSince)},
                      {"step", std::to_string(progress.step)}});
}

KlProgress loadKlState(const std::filesystem::path& file, ParameterPool& parameters,
                       LatentSigns& signs) {
    if (!std::filesystem::exists(file))
        return {};
    const auto saved = SafetensorsFile::open(file);
    const at::NoGradGuard noGrad;
    Adam& adam = parameters.state();
    const std::int64_t size = adam.value.numel();
    adam.value.copy_(read(saved, "parameters", size, at::kFloat));
    if (saved.has("first")) { // else of a parcel
        adam.first.copy_(read(saved, "first", size, at::kFloat));
        adam.second.copy_(read(saved, "second", size, at::kFloat));
    }
    if (!signs.empty())
        signs.restore(read(saved, "latents", signs.size(), at::kChar));
    return {number(saved, "step"), 1e-3 * static_cast<double>(number(saved, "milliseconds")),
            number(saved, "moments_since")};
}

} // namespace bwla
