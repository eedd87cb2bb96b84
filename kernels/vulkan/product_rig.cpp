// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/product_rig.h"

#include "kernels/vulkan/vulkan_ops.h"
#include "kernels/vulkan/vulkan_recorder.h"

#include <utility>

namespace bwla::vulkan {
namespace {

HostInput identity(std::int64_t cols) {
    HostInput input;
    input.cols = cols;
    return input;
}

} // namespace

ProductRig::ProductRig(Machine& machine, std::deque<DeviceWeights> weights, int bits, int batch)
    : weights_(std::move(weights)), input_(identity(weights_.front().cols()), machine),
      plan_(machine, batch) {
    const DeviceWeights& weight = weights_.front();
    VulkanRecorder recorder(plan_);
    in_ = recorder.buffer(weight.cols());
    out_ = recorder.buffer(weight.rows());
    prepared_ = recorder.prepare({}, input_, in_, bits);
    const LinearTarget target{&weight, out_, false};
    recorder.linear(prepared_, {&target, 1});
    plan_.encode();
    what_ = {weight.kind(),
             bits < 16 && weight.kind() == WeightKind::binary,
             plan_.prepared(prepared_).scaled,
             weight.rows(),
             weight.cols(),
             batch};
}

void ProductRig::encode(CommandWriter& writer, const ProductShape& shape, int index) {
    const auto copy = static_cast<std::size_t>(index) % weights_.size();
    encodeProduct(plan_, writer, plan_.prepared(prepared_),
                  {&weights_[copy], plan_.address(out_), what_.rows, false, false, &shape});
}

void ProductRig::prepare(const std::vector<float>& x) {
    plan_.write(in_, x);
    const std::vector<std::int32_t> tokens(static_cast<std::size_t>(what_.batch), 0);
    plan_.run({tokens}, {});
}

void ProductRig::clear() {
    plan_.write(out_, std::vector<float>(static_cast<std::size_t>(what_.rows * what_.batch)));
}

std::vector<float> ProductRig::out() const {
    return plan_.read(out_, what_.batch);
}

std::vector<float> exactProduct(Backend& backend, const HostLinear& linear,
                                const std::vector<float>& x, int bits) {
    const auto weight = backend.upload(linear);
    const auto input = backend.upload(identity(linear.cols));
    const auto batch = static_cast<int>(static_cast<std::int64_t>(x.size()) / linear.cols);
    Buffer in;
    Buffer out;
    const auto plan = backend.record(
        [&](Recorder& recorder) {
            in = recorder.buffer(linear.cols);
            out = recorder.buffer(linear.rows);
            const LinearTarget target{weight.get(), out, false};
            recorder.linear(recorder.prepare({}, *input, in, bits), {&target, 1});
        },
        batch);
    plan->write(in, x);
    const std::vector<std::int32_t> tokens(static_cast<std::size_t>(batch), 0);
    backend.run(*plan, {tokens});
    return plan->read(out, batch);
}

double toleranceOf(const ProductShape& shape) {
    return shape.shader.starts_with("matrix_f16") ? 1e-3 : 1e-5;
}

} // namespace bwla::vulkan
