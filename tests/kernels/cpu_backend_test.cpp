// SPDX-License-Identifier: GPL-3.0-or-later
//
// The cpu backend at every level against the reference backend, verb by verb.
#include "cpu_levels.h"
#include "kernels/operands.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

using namespace bwla;
using test::cpuBackend;
using test::relativeError;

namespace {

constexpr std::array batches = {1, 2, 31, 32, 33, 128};

struct Product {
    std::vector<float> assigned, accumulated;
    std::vector<PreparedRow> rows; ///< empty at 16 bits
};

struct ProductCase {
    HostLinear linear;
    HostInput input;
    std::vector<float> gain; ///< empty = no norm
    int bits = 16;
    int rows = 1;
    int batch = 1;
};

Product product(Backend& backend, const ProductCase& what, const std::vector<float>& x) {
    const auto weight = backend.upload(what.linear);
    const auto group = backend.upload(what.input);
    Buffer in;
    Buffer out;
    Buffer sum;
    Prepared prepared;
    const auto plan = backend.record(
        [&](Recorder& recorder) {
            in = recorder.buffer(what.linear.cols);
            out = recorder.buffer(what.linear.rows);
            sum = recorder.buffer(what.linear.rows);
            prepared = recorder.prepare({what.gain, 1e-5F}, *group, in, what.bits);
            const std::array targets{LinearTarget{weight.get(), out, false},
                                     LinearTarget{weight.get(), sum, true}};
            recorder.linear(prepared, targets);
        },
        what.batch);
    plan->write(in, x);
    plan->write(sum, std::vector<float>(std::size_t(what.rows * what.linear.rows), 2.0F));
    const std::vector<std::int32_t> tokens(std::size_t(what.rows), 0);
    backend.run(*plan, {tokens});
    return {plan->read(out, what.rows), plan->read(sum, what.rows),
            what.bits < 16 ? plan->read(prepared, what.rows) : std::vector<PreparedRow>{}};
}

} // namespace

class CpuBackendTest : public QObject {
    Q_OBJECT
    std::unique_ptr<Backend> reference_ = makeReferenceBackend();

private slots:
    void theEnvironmentForcesALevel_data() { test::addLevels(); }
    void theEnvironmentForcesALevel() {
        QFETCH(std::string, level);
        const auto info = cpuBackend(level, 3)->info();
        QCOMPARE(info.backend, std::string("cpu"));
        QCOMPARE(info.variant, level);
        QCOMPARE(info.threads, 3);
    }

    void unknownAndMissingLevelsAreErrors() {
        const auto code = [](auto&& call) {
            try {
                call();
            } catch (const KernelError& error) {
                return error.code();
            }
            return KernelErrorCode::deviceLost;
        };
        QCOMPARE(code([] { (void)cpuBackend("sse9"); }), KernelErrorCode::unknownOverride);
        QCOMPARE(code([] { (void)cpuBackend(""); }), KernelErrorCode::unknownOverride);
        qunsetenv("BWLA_CPU_LEVEL");
        QCOMPARE(chosenLevel({}), CpuLevel::portable);
        qputenv("BWLA_CPU_LEVEL", "avx512");
        QCOMPARE(code([] { (void)chosenLevel({.avx2 = true, .avx512 = false}); }),
                 KernelErrorCode::unknownOverride);
        qunsetenv("BWLA_CPU_LEVEL");
    }

    // Without norm and rotation every level quantizes the very same floats.
    void productsOfEqualInputsAgree_data() { test::addLevels(); }
    void productsOfEqualInputsAgree() {
        QFETCH(std::string, level);
        const auto backend = cpuBackend(level);
        std::uint32_t seed = 0;
        for (const auto kind :
             {WeightKind::f32, WeightKind::f16, WeightKind::rowInt8, WeightKind::binary})
            for (const int bits : {16, 8, 6, 2})
                for (const int rows : batches) {
                    const bool binary = kind == WeightKind::binary;
                    ProductCase what{randomLinear(kind, 70, 575, ++seed, binary ? 5 : 0, binary),
                                     randomInput(575, 0, 5, seed),
                                     {},
                                     bits,
                                     rows,
                                     rows == 31 ? 128 : rows}; // a run may be shorter than its plan
                    const auto x = randomFloats(rows * 575, seed + 7);
                    const auto got = product(*backend, what, x);
                    const auto expected = product(*reference_, what, x);
                    for (std::size_t t = 0; t < expected.rows.size(); ++t) {
                        QCOMPARE(got.rows[t].scale, expected.rows[t].scale);
                        QCOMPARE(got.rows[t].zero, expected.rows[t].zero);
                        QVERIFY(got.rows[t].offset == expected.rows[t].offset);
                    }
                    QVERIFY(relativeError(got.assigned, expected.assigned) < 1e-5);
                    QVERIFY(relativeError(got.accumulated, expected.accumulated) < 1e-5);
                }
    }

    void rotatedProductsAgreeWithinAStep_data() { test::addLevels(); }
    void rotatedProductsAgreeWithinAStep() {
        QFETCH(std::string, level);
        const auto backend = cpuBackend(level);
        for (const auto& [cols, factor] : {std::pair{12, 3}, {576, 24}, {1536, 32}})
            for (const int bits : {16, 6}) {
                const auto seed = std::uint32_t(cols + bits);
                const ProductCase what{randomLinear(WeightKind::binary, 192, cols, seed, 12),
                                       randomInput(cols, factor, 12, seed),
                                       randomFloats(cols, seed + 1),
                                       bits,
                                       5,
                                       5};
                const auto x = randomFloats(5 * cols, seed + 2);
                const auto got = product(*backend, what, x);
                const auto expected = product(*reference_, what, x);
                int moved = 0;
                for (std::size_t t = 0; t < expected.rows.size(); ++t)
                    for (std::size_t j = 0; j < std::size_t(cols); ++j) {
                        const int step =
                            std::abs(got.rows[t].offset[j] - expected.rows[t].offset[j]);
                        QVERIFY(step <= 1);
                        moved += step;
                    }
                QVERIFY(moved <= cols / 50);
                QVERIFY(relativeError(got.assigned, expected.assigned) <
                        (bits == 16 ? 1e-5 : 5e-3));
            }
    }

    void attentionAgreesAndRewinds_data() { test::addLevels(); }
    void attentionAgreesAndRewinds() {
        QFETCH(std::string, level);
        const auto backend = cpuBackend(level);
        for (const std::int64_t headDim : {64, 80, 6}) {
            const std::vector<std::pair<int, int>> steps = {
                {0, 128}, {128, 33}, {161, 1}, {162, 1},
                {163, 2}, {130, 5},  {135, 1}}; // the sixth rewinds
            const auto got = attended(*backend, steps, headDim);
            const auto expected = attended(*reference_, steps, headDim);
            QVERIFY(relativeError(got, expected) < 2e-3); // half-precision keys and values
            // What was overwritten leaves no trace.
            const auto tail = attended(*backend, {{0, 128}, {128, 2}, {130, 5}, {135, 1}}, headDim);
            const std::size_t size = std::size_t(6 * 6 * headDim);
            QVERIFY(std::equal(tail.end() - std::ptrdiff_t(size), tail.end(),
                               got.end() - std::ptrdiff_t(size)) == true);
        }
    }

    void wholeModelAgrees_data() { test::addLevels(); }
    void wholeModelAgrees() {
        QFETCH(std::string, level);
        const auto backend = cpuBackend(level);
        for (const auto kind : {WeightKind::f32, WeightKind::f16, WeightKind::rowInt8})
            for (const int rows : batches) {
                const auto got = logits(*backend, kind, rows, HeadRows::all);
                const auto expected = logits(*reference_, kind, rows, HeadRows::all);
                QCOMPARE(got.size(), std::size_t(rows * 333));
                QVERIFY(relativeError(got, expected) < 1e-5);
                const auto last = logits(*backend, kind, rows, HeadRows::last);
                QVERIFY(relativeError(last, std::span(expected).last(333)) < 1e-5);
            }
    }

    void gateAgreesInPlaceAndAtExtremes_data() { test::addLevels(); }
    void gateAgreesInPlaceAndAtExtremes() {
        QFETCH(std::string, level);
        const auto run = [](Backend& backend) {
            Buffer gate;
            Buffer up;
            const auto plan = backend.record(
                [&](Recorder& recorder) {
                    gate = recorder.buffer(4099);
                    up = recorder.buffer(4099);
                    recorder.gate(gate, up, gate);
                },
                5);
            auto values = randomFloats(5 * 4099, 3, 10.0F);
            values[0] = 200.0F;
            values[1] = -200.0F;
            plan->write(gate, values);
            plan->write(up, randomFloats(5 * 4099, 4));
            const std::vector<std::int32_t> tokens(5, 0);
            backend.run(*plan, {tokens});
            return plan->read(gate, 5);
        };
        QVERIFY(relativeError(run(*cpuBackend(level)), run(*reference_)) < 1e-6);
    }

    void threadsDoNotChangeABit_data() { test::addLevels(); }
    void threadsDoNotChangeABit() {
        QFETCH(std::string, level);
        const auto alone = logits(*cpuBackend(level, 1), WeightKind::f16, 33, HeadRows::all);
        for (const int threads : {2, 5})
            QVERIFY(logits(*cpuBackend(level, threads), WeightKind::f16, 33, HeadRows::all) ==
                    alone);
    }

    void badNumbersStayInTheirRow_data() { test::addLevels(); }
    void badNumbersStayInTheirRow() {
        QFETCH(std::string, level);
        const auto backend = cpuBackend(level);
        for (const auto kind : {WeightKind::f16, WeightKind::binary})
            for (const int bits : {16, 6}) {
                const ProductCase what{randomLinear(kind, 70, 576, 1),
                                       randomInput(576, 0, 0, 2),
                                       randomFloats(576, 3),
                                       bits,
                                       9,
                                       9};
                auto x = randomFloats(9 * 576, 4);
                const auto clean = product(*backend, what, x);
                x[3 * 576 + 5] = std::numeric_limits<float>::quiet_NaN();
                x[5 * 576 + 7] = std::numeric_limits<float>::infinity();
                const auto got = product(*backend, what, x);
                for (const std::size_t row : {0, 1, 2, 4, 6, 7, 8})
                    for (std::size_t i = row * 70; i < (row + 1) * 70; ++i)
                        QCOMPARE(got.assigned[i], clean.assigned[i]);
            }
    }

    void aStoppedRunSaysSo() {
        const auto backend = makeCpuBackend({2});
        const auto table = backend->upload(randomLinear(WeightKind::f16, 10, 64, 1));
        const auto plan = backend->record(
            [&](Recorder& recorder) {
                const Buffer x = recorder.buffer(64);
                recorder.embed(*table, x);
                recorder.head({}, *table, x, HeadRows::last);
            },
            1);
        const std::vector<std::int32_t> tokens = {3};
        std::stop_source source;
        source.request_stop();
        QVERIFY(!backend->run(*plan, {tokens}, source.get_token()));
        QVERIFY(plan->logits().empty());
        QVERIFY(backend->run(*plan, {tokens}));
        QCOMPARE(plan->logits().size(), std::size_t{10});
    }

private:
    /// Outputs of one attending plan a step, concatenated. Steps are (position, tokens); what a
    /// position is fed depends on the position alone.
    static std::vector<float> attended(Backend& backend,
                                       const std::vector<std::pair<int, int>>& steps,
                                       std::int64_t headDim) {
        constexpr std::int64_t heads = 6;
        constexpr std::int64_t kvHeads = 2;
        const auto cache = backend.kvCache({2, 170, kvHeads, headDim});
        std::vector<float> frequencies(std::size_t(headDim / 2));
        for (std::size_t d = 0; d < frequencies.size(); ++d)
            frequencies[d] = std::pow(0.01F, float(d) / float(frequencies.size()));
        const auto q = randomFloats(170 * heads * headDim, 1, 2.0F);
        const auto k = randomFloats(170 * kvHeads * headDim, 2);
        const auto v = randomFloats(170 * kvHeads * headDim, 3);
        std::vector<float> result;
        for (const auto& [position, rows] : steps) {
            std::array<Buffer, 4> buffers;
            const auto plan = backend.record(
                [&](Recorder& recorder) {
                    for (std::size_t i = 0; i < 4; ++i)
                        buffers[i] =
                            recorder.buffer((i == 0 || i == 3 ? heads : kvHeads) * headDim);
                    recorder.attend({1, heads, kvHeads, headDim, frequencies}, buffers[0],
                                    buffers[1], buffers[2], buffers[3]);
                },
                rows);
            const auto slice = [position = position, rows = rows](const std::vector<float>& from,
                                                                  std::int64_t cols) {
                return std::span(from).subspan(std::size_t(position * cols),
                                               std::size_t(rows * cols));
            };
            plan->write(buffers[0], slice(q, heads * headDim));
            plan->write(buffers[1], slice(k, kvHeads * headDim));
            plan->write(buffers[2], slice(v, kvHeads * headDim));
            const std::vector<std::int32_t> tokens(std::size_t(rows), 0);
            backend.run(*plan, {tokens, position, cache.get()});
            const auto out = plan->read(buffers[3], rows);
            result.insert(result.end(), out.begin(), out.end());
        }
        return result;
    }

    static std::vector<float> logits(Backend& backend, WeightKind kind, int rows, HeadRows which) {
        const auto table = backend.upload(randomLinear(kind, 333, 96, 5));
        const auto layer = backend.upload(randomLinear(kind, 96, 96, 6));
        const auto group = backend.upload(randomInput(96, 8, 0, 7));
        const auto gain = randomFloats(96, 8);
        const auto plan = backend.record(
            [&](Recorder& recorder) {
                const Buffer x = recorder.buffer(96);
                recorder.embed(*table, x);
                const auto prepared = recorder.prepare({gain, 1e-5F}, *group, x, 16);
                const LinearTarget target{layer.get(), x, true};
                recorder.linear(prepared, {&target, 1});
                recorder.head({gain, 1e-5F}, *table, x, which);
            },
            rows);
        std::vector<std::int32_t> tokens(static_cast<std::size_t>(rows));
        for (std::size_t t = 0; t < tokens.size(); ++t)
            tokens[t] = static_cast<std::int32_t>(t * 37 % 333);
        backend.run(*plan, {tokens});
        return {plan->logits().begin(), plan->logits().end()};
    }
};

QTEST_GUILESS_MAIN(CpuBackendTest)
#include "cpu_backend_test.moc"
