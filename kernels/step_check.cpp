// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/step_check.h"

#include "kernels/operands.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace bwla {
namespace {

constexpr std::int64_t width = 128;
constexpr std::int64_t wide = 160; // of the gate
constexpr std::int64_t heads = 4;
constexpr std::int64_t kvHeads = 2;
constexpr std::int64_t headDim = width / heads;
constexpr std::int64_t vocabulary = 50;
constexpr std::int64_t layers = 3; // of the second one group is kept in half precision
constexpr std::int64_t rank = 3;
constexpr int bits = 6;
constexpr std::int32_t nothing = 0; // the token whose embedding is zero

/// A group's input and weights.
struct Group {
    std::unique_ptr<Input> input;
    std::vector<std::unique_ptr<Linear>> weights;
    int bits = 16;
};

Group group(Backend& backend, std::int64_t cols, std::vector<std::int64_t> rows,
            std::uint32_t seed) {
    Group made{backend.upload(randomInput(cols, 8, rank, seed)), {}, bits};
    for (const std::int64_t count : rows)
        made.weights.push_back(
            backend.upload(randomLinear(WeightKind::binary, count, cols, ++seed, rank, true)));
    return made;
}

/// As it was in the original: nobody rounds or rotates its input.
Group keptGroup(Backend& backend, std::int64_t cols, std::int64_t rows, std::uint32_t seed) {
    HostInput identity;
    identity.cols = cols;
    Group made{backend.upload(identity), {}, 16};
    made.weights.push_back(backend.upload(randomLinear(WeightKind::f16, rows, cols, seed)));
    return made;
}

struct Model {
    std::unique_ptr<Linear> table;
    std::vector<std::array<Group, 4>> layers;
    std::vector<float> gain = randomFloats(width, 9);
    std::vector<float> frequencies;
};

Model model(Backend& backend) {
    Model made;
    HostLinear table = randomLinear(WeightKind::f32, vocabulary, width, 8);
    std::fill_n(table.f32.begin() + nothing * width, width, 0.0F);
    made.table = backend.upload(table);
    for (std::uint32_t seed = 100; seed < 100 + 100 * layers; seed += 100)
        made.layers.push_back(
            {group(backend, width, {width, kvHeads * headDim, kvHeads * headDim}, seed),
             seed == 200 ? keptGroup(backend, width, width, seed + 20)
                         : group(backend, width, {width}, seed + 20),
             group(backend, width, {wide, wide}, seed + 40),
             group(backend, wide, {width}, seed + 60)});
    for (std::int64_t d = 0; d < headDim / 2; ++d)
        made.frequencies.push_back(std::pow(0.1F, static_cast<float>(d)));
    return made;
}

void multiply(Recorder& recorder, const Model& model, const Group& group, bool norm, Buffer x,
              std::vector<Buffer> outs, bool accumulate) {
    const NormSpec spec{norm ? std::span<const float>(model.gain) : std::span<const float>(),
                        1e-5F};
    std::vector<LinearTarget> targets;
    for (std::size_t i = 0; i < outs.size(); ++i)
        targets.push_back({group.weights[i].get(), outs[i], accumulate});
    recorder.linear(recorder.prepare(spec, *group.input, x, group.bits), targets);
}

std::unique_ptr<Plan> plan(Backend& backend, const Model& model, int batch) {
    return backend.record(
        [&](Recorder& recorder) {
            const Buffer x = recorder.buffer(width);
            const Buffer q = recorder.buffer(width);
            const Buffer k = recorder.buffer(kvHeads * headDim);
            const Buffer v = recorder.buffer(kvHeads * headDim);
            const Buffer attended = recorder.buffer(width);
            const Buffer gate = recorder.buffer(wide);
            const Buffer up = recorder.buffer(wide);
            recorder.embed(*model.table, x);
            for (std::int64_t layer = 0; layer < layers; ++layer) {
                const auto& groups = model.layers[static_cast<std::size_t>(layer)];
                multiply(recorder, model, groups[0], true, x, {q, k, v}, false);
                recorder.attend({layer, heads, kvHeads, headDim, model.frequencies}, q, k, v,
                                attended);
                multiply(recorder, model, groups[1], false, attended, {x}, true);
                multiply(recorder, model, groups[2], true, x, {gate, up}, false);
                recorder.gate(gate, up, gate);
                multiply(recorder, model, groups[3], false, gate, {x}, true);
            }
            recorder.head({model.gain, 1e-5F}, *model.table, x, HeadRows::last);
        },
        batch);
}

} // namespace

BackendCase::Output stepAfterStep(Backend& backend) {
    const Model tested = model(backend);
    const auto cache = backend.kvCache({layers, 16, kvHeads, headDim});
    const auto prompts = plan(backend, tested, 8);
    const auto steps = plan(backend, tested, 1);
    BackendCase::Output output;
    const auto read = [&] {
        const std::array<std::int32_t, 3> tokens = {5, 9, 2};
        backend.run(*prompts, {tokens, 0, cache.get()});
    };
    const auto step = [&](Plan& by, std::int32_t token, std::int64_t position) {
        backend.run(by, {std::span(&token, 1), position, cache.get()});
        return std::vector<float>(by.logits().begin(), by.logits().end());
    };
    const auto first = [&](std::int32_t token, std::int64_t position) {
        const auto logits = step(*steps, token, position);
        output.floats.insert(output.floats.end(), logits.begin(), logits.end());
        return logits;
    };
    const auto again = [&](Plan& by, std::int32_t token, const std::vector<float>& before) {
        const auto logits = step(by, token, 3);
        std::int32_t differing = 0;
        for (std::size_t i = 0; i < logits.size(); ++i)
            differing += logits[i] == before[i] ? 0 : 1; // NaN counts
        output.integers.push_back(differing);
    };
    (void)first(nothing, 0); // every value of the step is zero
    read();
    const auto seven = first(7, 3);
    (void)first(11, 4);
    (void)first(11, 5);
    again(*steps, 7, seven);
    const auto zero = first(nothing, 3);
    again(*steps, 7, seven);
    again(*steps, nothing, zero);
    read();
    again(*steps, 7, seven);
    again(*plan(backend, tested, 1), 7, seven);
    return output;
}

} // namespace bwla
