// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/backend_check.h"

#include "kernels/operands.h"
#include "kernels/step_check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

namespace bwla {
namespace {

using Output = BackendCase::Output;

std::vector<std::int32_t> tokens(int rows, std::int64_t vocabulary) {
    std::vector<std::int32_t> ids;
    for (int t = 0; t < rows; ++t)
        ids.push_back(static_cast<std::int32_t>((t * 37 + 5) % vocabulary));
    return ids;
}

struct ProductCase {
    WeightKind kind;
    int bits;
    int rows;             ///< of the run; the plan is made for more
    std::int64_t outputs; ///< weight rows
    std::int64_t cols;    ///< weight columns
    std::int64_t factor1; ///< 0 = no rotation and no norm: both backends quantize the same floats
    std::uint32_t seed;
};

Output product(Backend& backend, const ProductCase& what) {
    const bool binary = what.kind == WeightKind::binary;
    const std::int64_t rank = binary ? 5 : 0;
    const auto weight = backend.upload(randomLinear(what.kind, what.outputs, what.cols, what.seed,
                                                    rank, what.seed % 2 == 0 && binary));
    const auto input = backend.upload(randomInput(what.cols, what.factor1, 5, what.seed + 1));
    const auto gain =
        what.factor1 > 0 ? randomFloats(what.cols, what.seed + 2) : std::vector<float>();
    Buffer x;
    Buffer out;
    Buffer sum;
    Prepared prepared;
    const auto plan = backend.record(
        [&](Recorder& recorder) {
            x = recorder.buffer(what.cols);
            out = recorder.buffer(what.outputs);
            sum = recorder.buffer(what.outputs);
            prepared = recorder.prepare({gain, 1e-5F}, *input, x, what.bits);
            const std::array targets{LinearTarget{weight.get(), out, false},
                                     LinearTarget{weight.get(), sum, true}};
            recorder.linear(prepared, targets);
        },
        what.rows == 1 ? 1 : 128);
    plan->write(x, randomFloats(what.rows * what.cols, what.seed + 3));
    plan->write(sum, randomFloats(what.rows * what.outputs, what.seed + 4));
    const auto ids = tokens(what.rows, 1000);
    backend.run(*plan, {ids});
    Output output{plan->read(out, what.rows), {}, {}};
    const auto added = plan->read(sum, what.rows);
    output.floats.insert(output.floats.end(), added.begin(), added.end());
    if (what.bits < 16)
        for (const PreparedRow& row : plan->read(prepared, what.rows)) {
            auto& into = what.factor1 > 0 ? output.steps : output.integers;
            into.insert(into.end(), row.offset.begin(), row.offset.end());
        }
    return output;
}

Output tableRows(Backend& backend, WeightKind kind, int rows, HeadRows which) {
    constexpr std::int64_t vocabulary = 333;
    constexpr std::int64_t width = 96;
    const auto table = backend.upload(randomLinear(kind, vocabulary, width, 5));
    const auto gain = randomFloats(width, 6);
    Buffer x;
    const auto plan = backend.record(
        [&](Recorder& recorder) {
            x = recorder.buffer(width);
            recorder.embed(*table, x);
            recorder.head({gain, 1e-5F}, *table, x, which);
        },
        rows == 1 ? 1 : 128);
    const auto ids = tokens(rows, vocabulary);
    backend.run(*plan, {ids});
    Output output{plan->read(x, rows), {}, {}};
    output.floats.insert(output.floats.end(), plan->logits().begin(), plan->logits().end());
    return output;
}

/// The greatest logits, greatest first. A device may find them without handing over the others.
Output likeliestTokens(Backend& backend) {
    constexpr std::int64_t vocabulary = 20'011;
    constexpr std::int64_t width = 16;
    constexpr std::size_t wanted = 5;
    const auto table = backend.upload(randomLinear(WeightKind::f16, vocabulary, width, 7));
    const auto plan = backend.record(
        [&](Recorder& recorder) {
            const Buffer x = recorder.buffer(width);
            recorder.embed(*table, x);
            recorder.head({}, *table, x, HeadRows::last);
        },
        1);
    const auto ids = tokens(1, vocabulary);
    backend.run(*plan, {ids, 0, nullptr, wanted});
    std::vector<TokenLogit> found(plan->likeliest().begin(), plan->likeliest().end());
    for (const float logit : plan->logits())
        found.push_back({static_cast<std::int32_t>(found.size()), logit});
    std::ranges::sort(found, std::greater{}, &TokenLogit::logit);
    Output output;
    for (std::size_t i = 0; i < std::min(wanted, found.size()); ++i) {
        output.floats.push_back(found[i].logit);
        output.integers.push_back(found[i].id);
    }
    return output;
}

/// A prompt of 130 tokens in two runs, then two single tokens.
Output attended(Backend& backend, std::int64_t headDim) {
    constexpr std::int64_t heads = 6;
    constexpr std::int64_t kvHeads = 2;
    const auto cache = backend.kvCache({2, 140, kvHeads, headDim});
    std::vector<float> frequencies(static_cast<std::size_t>(headDim / 2));
    for (std::size_t d = 0; d < frequencies.size(); ++d)
        frequencies[d] =
            std::pow(0.01F, static_cast<float>(d) / static_cast<float>(frequencies.size()));
    Output output;
    for (const auto& [position, rows] : {std::pair{0, 127}, {127, 3}, {130, 1}, {131, 1}}) {
        std::array<Buffer, 4> buffers;
        const auto plan = backend.record(
            [&, dim = headDim](Recorder& recorder) {
                for (std::size_t i = 0; i < buffers.size(); ++i)
                    buffers[i] = recorder.buffer((i == 0 || i == 3 ? heads : kvHeads) * dim);
                recorder.attend({1, heads, kvHeads, dim, frequencies}, buffers[0], buffers[1],
                                buffers[2], buffers[3]);
            },
            rows == 1 ? 1 : 128);
        const auto seed = static_cast<std::uint32_t>(position);
        plan->write(buffers[0], randomFloats(rows * heads * headDim, seed + 1, 2.0F));
        plan->write(buffers[1], randomFloats(rows * kvHeads * headDim, seed + 2));
        plan->write(buffers[2], randomFloats(rows * kvHeads * headDim, seed + 3));
        const auto ids = tokens(rows, 1000);
        backend.run(*plan, {ids, position, cache.get()});
        const auto out = plan->read(buffers[3], rows);
        output.floats.insert(output.floats.end(), out.begin(), out.end());
    }
    return output;
}

Output gated(Backend& backend, int rows) {
    constexpr std::int64_t cols = 1027;
    Buffer gate;
    Buffer up;
    const auto plan = backend.record(
        [&](Recorder& recorder) {
            gate = recorder.buffer(cols);
            up = recorder.buffer(cols);
            recorder.gate(gate, up, gate);
        },
        rows == 1 ? 1 : 128);
    auto values = randomFloats(rows * cols, 3, 10.0F);
    values[0] = 200.0F;
    values[1] = -200.0F;
    plan->write(gate, values);
    plan->write(up, randomFloats(rows * cols, 4));
    const auto ids = tokens(rows, 1000);
    backend.run(*plan, {ids});
    return {plan->read(gate, rows), {}, {}};
}

/// Three products of one input, and two with a gate behind them, which devices join, also with the
/// preparation of their input.
Output joined(Backend& backend, WeightKind kind, int bits, std::int64_t factor1) {
    constexpr std::int64_t cols = 300;
    constexpr std::int64_t rank = 9;
    std::vector<std::unique_ptr<Linear>> weights;
    std::uint32_t seed = 70;
    for (const std::int64_t rows : {133, 18, 18, 90, 90})
        weights.push_back(backend.upload(
            randomLinear(kind, rows, cols, ++seed, kind == WeightKind::binary ? rank : 0, true)));
    const auto input =
        backend.upload(randomInput(cols, factor1, kind == WeightKind::binary ? rank : 0, 9));
    Buffer x;
    std::vector<Buffer> outs;
    const auto plan = backend.record(
        [&](Recorder& recorder) {
            x = recorder.buffer(cols);
            std::vector<LinearTarget> targets;
            for (const auto& weight : weights) {
                outs.push_back(recorder.buffer(weight->rows()));
                targets.push_back({weight.get(), outs.back(), false});
            }
            const auto prepare = [&] { return recorder.prepare({}, *input, x, bits); };
            recorder.linear(prepare(), std::span(targets).first(3));
            recorder.linear(prepare(), std::span(targets).last(2));
            recorder.gate(outs[3], outs[4], outs[3]);
        },
        1);
    plan->write(x, randomFloats(cols, 5));
    const auto ids = tokens(1, 1000);
    for (int run = 0; run < 2; ++run) // what a run leaves behind is no matter for the next
        backend.run(*plan, {ids});
    Output output;
    for (std::size_t i = 0; i < 4; ++i) {
        const auto values = plan->read(outs[i], 1);
        output.floats.insert(output.floats.end(), values.begin(), values.end());
    }
    return output;
}

std::string nameOf(const ProductCase& what) {
    constexpr std::array<const char*, 4> kinds = {"f32", "f16", "int8", "w1"};
    return std::string("linear ") + kinds[static_cast<std::size_t>(what.kind)] + "a" +
           std::to_string(what.bits) + (what.factor1 > 0 ? " rotated " : " ") +
           std::to_string(what.outputs) + "x" + std::to_string(what.cols) + ", " +
           std::to_string(what.rows) + (what.rows == 1 ? " row" : " rows");
}

std::vector<ProductCase> productCases() {
    std::vector<ProductCase> cases;
    std::uint32_t seed = 1;
    for (const auto kind :
         {WeightKind::f32, WeightKind::f16, WeightKind::rowInt8, WeightKind::binary})
        for (const int bits : {16, 6})
            for (const int rows : {1, 33})
                cases.push_back({kind, bits, rows, 77, 575, 0, ++seed});
    for (const auto kind : // a batch of a wide product, which devices tile
         {WeightKind::f32, WeightKind::f16, WeightKind::rowInt8, WeightKind::binary})
        cases.push_back({kind, 16, 33, 4099, 172, 0, ++seed});
    cases.push_back({WeightKind::binary, 6, 33, 4099, 172, 0, ++seed});
    for (const int bits : {2, 4, 7, 8})
        cases.push_back({WeightKind::binary, bits, 5, 70, 300, 0, ++seed});
    for (const int rows : {1, 128})
        cases.push_back({WeightKind::binary, 6, rows, 192, 1536, 0, ++seed});
    cases.push_back({WeightKind::binary, 6, 1, 4099, 4100, 0, ++seed}); // past shared memory
    for (const auto& [cols, factor] : {std::pair{12, 3}, {576, 24}, {4608, 64}})
        for (const auto& [bits, rows] : {std::pair{16, 3}, {6, 3}, {6, 1}})
            cases.push_back({WeightKind::binary, bits, rows, 64, cols, factor, ++seed});
    cases.push_back({WeightKind::binary, 6, 1, 8200, 1536, 32, ++seed});
    cases.push_back({WeightKind::binary, 6, 33, 64, 5120, 64, ++seed}); // turned by matrix units
    cases.push_back({WeightKind::binary, 6, 1, 70, 16770, 130, ++seed});
    cases.push_back(
        {WeightKind::binary, 6, 17, 64, 1536, 32, ++seed}); // by matrix units, in little
    return cases;
}

/// One or two for each shader that models meet (vulkan_choice_slow_test.cpp leaves out each). On an
/// H200 a pipeline that the driver has not seen takes about a tenth of a second, so a device's
/// first use cannot run them all.
constexpr std::array quickCases = {
    "linear f16a16 77x575, 1 row",
    "linear f16a16 4099x172, 33 rows",
    "linear int8a16 77x575, 1 row",
    "linear w1a6 77x575, 1 row",
    "linear w1a6 77x575, 33 rows",
    "linear w1a6 4099x172, 33 rows",
    "linear w1a6 rotated 64x576, 1 row",
    "linear w1a6 rotated 64x576, 3 rows",
    "linear w1a6 rotated 64x1536, 17 rows",
    "embed and head int8, 1 row",
    "likeliest tokens",
    "attend, heads of 64",
    "joined products and gate, w1a6 rotated",
    "gate, 1 row",
};

double relativeError(const std::vector<float>& got, const std::vector<float>& expected) {
    double largest = 1e-30;
    double worst = 0;
    for (const float value : expected)
        largest = std::max(largest, std::abs(double{value}));
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const double error = std::abs(double{got[i]} - expected[i]) / largest;
        worst = error <= worst ? worst : error; // NaN counts
    }
    return worst;
}

/// Backends that each round values of their own may round one near a tie apart. Of 33 x 5120 levels
/// errors like float32's move none to three, rotating in half precision 120 to 250 (counted on a
/// processor with errors of that size; shaders/two_halves.glsl had such a mistake).
std::size_t mostMoved(std::size_t levels) {
    return 2 + levels / 10000;
}

void compare(const Output& got, const Output& expected, double tolerance, KernelCheck& check) {
    if (got.floats.size() != expected.floats.size() ||
        got.integers.size() != expected.integers.size() ||
        got.steps.size() != expected.steps.size()) {
        check.detail = "sizes differ";
        return;
    }
    if (got.integers != expected.integers)
        check.detail = "integers differ";
    std::size_t moved = 0;
    for (std::size_t i = 0; i < expected.steps.size(); ++i) {
        const int step = std::abs(got.steps[i] - expected.steps[i]);
        moved += static_cast<std::size_t>(step);
        if (step > 1)
            check.detail = "quantized activations differ by " + std::to_string(step);
    }
    if (moved > mostMoved(expected.steps.size()))
        check.detail = std::to_string(moved) + " of " + std::to_string(expected.steps.size()) +
                       " quantized activations differ";
    check.maxError = relativeError(got.floats, expected.floats);
    if (check.detail.empty() && !(check.maxError <= tolerance))
        check.detail = "floats differ by " + std::to_string(check.maxError);
}

} // namespace

std::vector<BackendCase> backendCases() {
    std::vector<BackendCase> cases;
    for (const ProductCase& what : productCases()) {
        // A step more or less in q shows in the product: 1e-3 of 5120 columns, more of fewer.
        const double tolerance = what.factor1 > 0 && what.bits < 16                ? 2e-2
                                 : what.kind == WeightKind::f16 && what.rows >= 16 ? 1e-3 // halves
                                                                                   : 1e-5;
        cases.push_back({nameOf(what), [what](Backend& backend) { return product(backend, what); },
                         false, tolerance});
    }
    constexpr std::array<const char*, 3> kinds = {"f32", "f16", "int8"};
    for (std::size_t kind = 0; kind < kinds.size(); ++kind)
        for (const int rows : {1, 35}) {
            const auto which = rows == 1 ? HeadRows::last : HeadRows::all;
            cases.push_back({std::string("embed and head ") + kinds[kind] + ", " +
                                 std::to_string(rows) + (rows == 1 ? " row" : " rows"),
                             [kind, rows, which](Backend& backend) {
                                 return tableRows(backend, static_cast<WeightKind>(kind), rows,
                                                  which);
                             }});
        }
    cases.push_back({"last row of a prompt", [](Backend& backend) {
                         return tableRows(backend, WeightKind::f16, 9, HeadRows::last);
                     }});
    cases.push_back({"likeliest tokens", likeliestTokens});
    for (const std::int64_t headDim : {64, 80, 6}) // half-precision keys and values
        cases.push_back({"attend, heads of " + std::to_string(headDim),
                         [headDim](Backend& backend) { return attended(backend, headDim); }, true,
                         2e-3});
    for (const auto& [name, kind, bits, factor] : {std::tuple{"w1a6", WeightKind::binary, 6, 0},
                                                   {"w1a6 rotated", WeightKind::binary, 6, 15},
                                                   {"w1a16", WeightKind::binary, 16, 0},
                                                   {"f16", WeightKind::f16, 16, 0}})
        cases.push_back(
            {std::string("joined products and gate, ") + name,
             [kind, bits, factor](Backend& backend) { return joined(backend, kind, bits, factor); },
             true, factor > 0 ? 2e-2 : 1e-5});
    // Of a whole model at 6 bits: a step of one in q grows from layer to layer.
    cases.push_back({"step after step", stepAfterStep, false, 5e-2});
    for (const int rows : {1, 5})
        cases.push_back({"gate, " + std::to_string(rows) + (rows == 1 ? " row" : " rows"),
                         [rows](Backend& backend) { return gated(backend, rows); }});
    for (BackendCase& what : cases)
        what.quick = std::ranges::find(quickCases, what.name) != quickCases.end();
    return cases;
}

KernelCheck checkBackend(Backend& backend, Backend& reference, const BackendCase& what) {
    KernelCheck check{what.name, backend.info().backend, false, 0, {}};
    try {
        const auto expected = what.run(reference);
        compare(what.run(backend), expected, what.tolerance, check);
    } catch (const KernelError& error) {
        check.detail = error.what();
    }
    check.ok = check.detail.empty();
    return check;
}

} // namespace bwla
