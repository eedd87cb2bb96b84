// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/vulkan_recorder.h"

#include "kernels/vulkan/vulkan_ops.h"

#include <utility>

namespace bwla::vulkan {

using contract::ownedHere;

void VulkanRecorder::embed(const Linear& table, Buffer out) {
    const auto& weights = ownedHere<DeviceWeights>(table, "embed");
    contract::checkEmbed(table, out);
    (void)plan_.address(out);
    plan_.rules().vocabulary = weights.rows();
    plan_.append([&plan = plan_, &weights, out](CommandWriter& writer) {
        encodeEmbed(plan, writer, weights, out);
    });
}

Prepared VulkanRecorder::prepare(const NormSpec& norm, const Input& input, Buffer x, int bits) {
    const auto& inputs = ownedHere<DeviceInputs>(input, "prepare");
    contract::require(inputs.cols() == x.cols, "prepare",
                      "the input's columns differ from the buffer's");
    contract::checkNorm(norm, x.cols, "prepare");
    contract::checkBits(bits);
    const Prepared handle = plan_.addPrepared(inputs, bits, plan_.batch());
    const PrepareSource source{plan_.address(x), plan_.addFloats(norm.gain), norm.epsilon, false};
    plan_.append([&plan = plan_, &target = plan_.prepared(handle), source](CommandWriter& writer) {
        encodePrepare(plan, writer, target, source);
    });
    return handle;
}

void VulkanRecorder::willRead(PreparedRows& input, const DeviceWeights& weight) {
    input.lastUse = plan_.operations();
    input.keepFloats = input.keepFloats || (input.bits < 16 && weight.kind() != WeightKind::binary);
}

void VulkanRecorder::linear(Prepared x, std::span<const LinearTarget> targets) {
    PreparedRows& input = plan_.prepared(x);
    std::vector<ProductTarget> products;
    for (const LinearTarget& target : targets) {
        contract::require(target.weight != nullptr, "linear", "a target has no weight");
        const auto& weight = ownedHere<DeviceWeights>(*target.weight, "linear");
        contract::checkProduct(weight, weight.rank(), *input.input, target.out);
        willRead(input, weight);
        products.push_back(
            {&weight, plan_.address(target.out), target.out.cols, target.accumulate, false});
    }
    plan_.append([&plan = plan_, &input, products = std::move(products)](CommandWriter& writer) {
        writer.barrier();
        for (const ProductTarget& product : products)
            encodeProduct(plan, writer, input, product);
    });
}

void VulkanRecorder::attend(const AttendSpec& spec, Buffer q, Buffer k, Buffer v, Buffer out) {
    contract::checkAttend(spec, q, k, v, out);
    if (spec.headDim > largestHeadDim)
        throw KernelError(KernelErrorCode::unsupported, "attend",
                          "heads of " + std::to_string(spec.headDim) + " elements; " +
                              std::to_string(largestHeadDim) + " is the most");
    plan_.rules().usesCache(spec);
    AttendBuffers buffers{spec,
                          plan_.address(q),
                          plan_.address(k),
                          plan_.address(v),
                          plan_.address(out),
                          plan_.address(plan_.addBuffer(q.cols)),
                          plan_.addRotary(spec.inverseFrequencies)};
    buffers.spec.inverseFrequencies = {};
    plan_.append(
        [&plan = plan_, buffers](CommandWriter& writer) { encodeAttend(plan, writer, buffers); });
}

void VulkanRecorder::gate(Buffer gate, Buffer up, Buffer out) {
    contract::checkGate(gate, up, out);
    for (const Buffer buffer : {gate, up, out})
        (void)plan_.address(buffer);
    plan_.append([&plan = plan_, gate, up, out](CommandWriter& writer) {
        encodeGate(plan, writer, gate, up, out);
    });
}

void VulkanRecorder::head(const NormSpec& norm, const Linear& table, Buffer x, HeadRows rows) {
    const auto& weights = ownedHere<DeviceWeights>(table, "head");
    contract::require(weights.cols() == x.cols, "head",
                      "the table's width differs from the buffer's");
    contract::checkNorm(norm, x.cols, "head");
    const bool last = rows == HeadRows::last;
    HostInput identity;
    identity.cols = x.cols;
    const int batch = last ? 1 : plan_.batch();
    const Prepared handle = plan_.addPrepared(plan_.addInput(identity), 16, batch);
    PreparedRows& input = plan_.prepared(handle);
    plan_.addLogits(weights.rows(), batch);
    const PrepareSource source{plan_.address(x), plan_.addFloats(norm.gain), norm.epsilon, last};
    willRead(input, weights);
    plan_.append([&plan = plan_, &input, &weights, source, last](CommandWriter& writer) {
        encodePrepare(plan, writer, input, source);
        writer.barrier();
        encodeProduct(plan, writer, input,
                      {&weights, plan.logitsAddress(), weights.rows(), false, last});
    });
}

} // namespace bwla::vulkan
