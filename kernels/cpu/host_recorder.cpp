// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/cpu/host_recorder.h"

#include "kernels/contract.h"
#include "kernels/cpu/host_ops.h"

namespace bwla {
namespace {

// A batch of this many gated values is worth a second thread.
constexpr std::int64_t gateChunk = 8192;

} // namespace

void HostRecorder::embed(const Linear& table, Buffer out) {
    const auto& weights = contract::ownedHere<HostWeights>(table, "embed");
    contract::checkEmbed(table, out);
    plan_.rules().vocabulary = weights.rows();
    const auto& widen = plan_.machine().kernels.get<WidenKernel>(KernelVerb::widen, weights.kind());
    float* to = plan_.data(out);
    plan_.append([&weights, &widen, to](const HostRun& run) {
        for (int row = 0; row < run.rows; ++row) {
            const std::int32_t token = run.step.tokens[static_cast<std::size_t>(row)];
            const float* scale = weights.packed().scale;
            widen.run(weights.row(token), scale != nullptr ? scale[token] : 1.0F, weights.cols(),
                      to + row * weights.cols());
        }
    });
}

Prepared HostRecorder::prepare(const NormSpec& norm, const Input& input, Buffer x, int bits) {
    const auto& inputs = contract::ownedHere<HostInputs>(input, "prepare");
    contract::require(inputs.cols() == x.cols, "prepare",
                      "the input's columns differ from the buffer's");
    contract::checkNorm(norm, x.cols, "prepare");
    contract::checkBits(bits);
    PreparedRows& target = plan_.addPrepared(inputs, norm, bits, plan_.batch());
    const float* source = plan_.data(x);
    plan_.append([&machine = plan_.machine(), &target, source](const HostRun& run) {
        runPrepare(machine, target, source, run.rows);
    });
    return plan_.lastPrepared();
}

void HostRecorder::linear(Prepared x, std::span<const LinearTarget> targets) {
    PreparedRows& input = plan_.prepared(x);
    std::vector<ProductTarget> products;
    for (const LinearTarget& target : targets) {
        contract::require(target.weight != nullptr, "linear", "a target has no weight");
        const auto& weight = contract::ownedHere<HostWeights>(*target.weight, "linear");
        contract::checkProduct(weight, weight.packed().rank, *input.input, target.out);
        products.push_back(productTarget(plan_.machine(), input, plan_.batch(), weight,
                                         plan_.data(target.out), target.accumulate));
    }
    plan_.append([&machine = plan_.machine(), &input, products = std::move(products)](
                     const HostRun& run) { runProducts(machine, input, products, run.rows); });
}

void HostRecorder::attend(const AttendSpec& spec, Buffer q, Buffer k, Buffer v, Buffer out) {
    contract::checkAttend(spec, q, k, v, out);
    plan_.rules().usesCache(spec);
    AttendBuffers buffers{spec,
                          plan_.data(q),
                          plan_.data(k),
                          plan_.data(v),
                          plan_.data(out),
                          plan_.data(plan_.addBuffer(q.cols)),
                          &plan_.rotary(spec.inverseFrequencies)};
    buffers.spec.inverseFrequencies = {};
    plan_.append([&machine = plan_.machine(), buffers](const HostRun& run) {
        runAttend(machine, buffers, run);
    });
}

void HostRecorder::gate(Buffer gate, Buffer up, Buffer out) {
    contract::checkGate(gate, up, out);
    const auto& kernel = plan_.machine().kernels.get<GateKernel>(KernelVerb::gate);
    plan_.append([&machine = plan_.machine(), &kernel, a = plan_.data(gate), b = plan_.data(up),
                  to = plan_.data(out), cols = gate.cols](const HostRun& run) {
        const std::int64_t count = run.rows * cols;
        machine.pool.forEach((count + gateChunk - 1) / gateChunk, [&](std::int64_t chunk) {
            const std::int64_t begin = chunk * gateChunk;
            kernel.run(a + begin, b + begin, std::min(gateChunk, count - begin), to + begin);
        });
    });
}

void HostRecorder::head(const NormSpec& norm, const Linear& table, Buffer x, HeadRows rows) {
    const auto& weights = contract::ownedHere<HostWeights>(table, "head");
    contract::require(weights.cols() == x.cols, "head",
                      "the table's width differs from the buffer's");
    contract::checkNorm(norm, x.cols, "head");
    const int batch = rows == HeadRows::last ? 1 : plan_.batch();
    HostInput identity;
    identity.cols = x.cols;
    PreparedRows& input = plan_.addPrepared(plan_.addInput(identity), norm, 16, batch);
    float* logits = plan_.addLogits(weights.rows(), batch).data();
    const ProductTarget product =
        productTarget(plan_.machine(), input, batch, weights, logits, false);
    plan_.append(
        [&plan = plan_, &input, product, rows, source = plan_.data(x)](const HostRun& run) {
            const int count = rows == HeadRows::last ? 1 : run.rows;
            const float* first = source + (run.rows - count) * input.input->cols();
            runPrepare(plan.machine(), input, first, count);
            runProducts(plan.machine(), input, {&product, 1}, count);
            plan.setLogitRows(count);
        });
}

} // namespace bwla
