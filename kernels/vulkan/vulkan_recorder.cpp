// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/vulkan_recorder.h"

#include "kernels/vulkan/gemv_ops.h"

#include <memory>
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
    PreparedRows& rows = plan_.prepared(handle);
    // Whoever reads plain floats can read them where they are, if it does so at once.
    const bool asItIs =
        bits == 16 && norm.gain.empty() && inputs.isIdentity() && inputs.cols() == rows.stride();
    rows.borrowed = asItIs ? source.x : 0;
    plan_.append([&plan = plan_, &rows, source](CommandWriter& writer) {
        encodePrepare(plan, writer, rows, source);
    });
    return handle;
}

void VulkanRecorder::willRead(PreparedRows& input, const DeviceWeights& weight) {
    input.lastUse = plan_.operations();
    const Capabilities& capabilities = plan_.machine().device->capabilities();
    input.halved = input.halved || readsHalves(capabilities, weight, input.batch);
    input.keepFloats = input.keepFloats || (input.bits < 16 && weight.kind() != WeightKind::binary);
}

/// Reading the buffer itself is right as long as nobody writes it first.
void VulkanRecorder::mayBorrow(PreparedRows& input, const ProductGroup& group) {
    bool may = plan_.operations() == input.firstUse + 1;
    for (const ProductTarget& target : group.targets)
        may = may && target.out != input.borrowed && target.weight->mean(0) == 0;
    if (!may)
        input.borrowed = 0;
}

void VulkanRecorder::linear(Prepared x, std::span<const LinearTarget> targets) {
    PreparedRows& input = plan_.prepared(x);
    const auto group = std::make_shared<ProductGroup>();
    for (const LinearTarget& target : targets) {
        contract::require(target.weight != nullptr, "linear", "a target has no weight");
        const auto& weight = ownedHere<DeviceWeights>(*target.weight, "linear");
        contract::checkProduct(weight, weight.rank(), *input.input, target.out);
        willRead(input, weight);
        group->targets.push_back(
            {&weight, plan_.address(target.out), target.out.cols, target.accumulate, false});
    }
    mayBorrow(input, *group);
    if (plan_.operations() == input.firstUse + 1) {
        input.next = group;
        reserveSteadyProducts(plan_, input, *group);
    }
    plan_.append([&plan = plan_, &input, group](CommandWriter& writer) {
        encodeProducts(plan, writer, input, *group);
    });
    lastProducts_ = group;
    afterProducts_ = plan_.operations();
}

void VulkanRecorder::attend(const AttendSpec& spec, Buffer q, Buffer k, Buffer v, Buffer out) {
    contract::checkAttend(spec, q, k, v, out);
    if (spec.headDim > largestHeadDim)
        throw KernelError(KernelErrorCode::unsupported, "attend",
                          "heads of " + std::to_string(spec.headDim) + " elements; " +
                              std::to_string(largestHeadDim) + " is the most");
    if (plan_.machine().cacheType == WeightKind::rowInt8 && spec.headDim % 4 != 0)
        throw KernelError(KernelErrorCode::unsupported, "attend",
                          "8-bit keys and values need heads of a multiple of 4 elements, not " +
                              std::to_string(spec.headDim));
    plan_.rules().usesCache(spec);
    plan_.reserve(out.cols);
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
    const GateBuffers buffers{plan_.address(gate), plan_.address(up), plan_.address(out),
                              gate.cols};
    if (lastProducts_ && afterProducts_ == plan_.operations() && lastProducts_->gated == 0) {
        const auto& made = lastProducts_->targets;
        if (made.size() == 2 && made[0].out == buffers.gate && made[1].out == buffers.up &&
            !made[0].accumulate && !made[1].accumulate) {
            lastProducts_->gated = buffers.out;
            return;
        }
    }
    plan_.append(
        [&plan = plan_, buffers](CommandWriter& writer) { encodeGate(plan, writer, buffers); });
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
    const PrepareSource source{plan_.address(x), plan_.addFloats(norm.gain), norm.epsilon, last};
    willRead(input, weights);
    plan_.addLogits(
        weights.rows(), batch,
        [&plan = plan_, &input, &weights, source, last](CommandWriter& writer, Address logits) {
            encodePrepare(plan, writer, input, source);
            writer.barrier();
            encodeProduct(plan, writer, input, {&weights, logits, weights.rows(), false, last});
        });
}

} // namespace bwla::vulkan
