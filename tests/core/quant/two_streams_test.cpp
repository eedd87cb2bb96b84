// SPDX-License-Identifier: GPL-3.0-or-later
//
// The quantizer has a forward pass of its own, on libtorch; here it is held against the engine's.
#include "core/engine/transformer.h"
#include "core/model/kept_group.h"
#include "core/quant/group_quantizer.h"
#include "core/quant/two_streams.h"
#include "kernels/backend.h"
#include "matrices.h"
#include "tiny_model.h"

#include <QTemporaryDir>
#include <QTest>

#include <numeric>

using namespace bwla;
using namespace bwla::test;

namespace {

constexpr std::int64_t windowTokens = 40;

Calibration someTokens(std::size_t windows) {
    Calibration calibration;
    for (std::size_t i = 0; i < windows; ++i) {
        std::vector<std::int32_t> ids(static_cast<std::size_t>(windowTokens));
        for (std::size_t t = 0; t < ids.size(); ++t)
            ids[t] = static_cast<std::int32_t>((t * 31 + i * 17 + 5) % 250);
        calibration.windows.push_back(std::move(ids));
    }
    return calibration;
}

/// The model's weights with some blocks replaced by quantized ones.
class PartlyQuantized : public ModelWeights {
public:
    PartlyQuantized(const ModelSource& source, std::vector<QuantizedBlock> blocks)
        : float_(floatWeights(source, WeightKind::f32)), blocks_(std::move(blocks)) {}
    [[nodiscard]] const ModelConfig& config() const override { return float_->config(); }
    [[nodiscard]] LayerWeights layer(std::int64_t index) const override {
        if (index >= static_cast<std::int64_t>(blocks_.size()))
            return float_->layer(index);
        return toHost(blocks_[static_cast<std::size_t>(index)]);
    }
    [[nodiscard]] HostLinear embedding() const override { return float_->embedding(); }
    [[nodiscard]] HostLinear head() const override { return float_->head(); }
    [[nodiscard]] std::vector<float> finalNorm() const override { return float_->finalNorm(); }
    [[nodiscard]] int activationBits() const override { return 16; }
    [[nodiscard]] std::string format() const override { return "w1a6"; }

private:
    std::unique_ptr<ModelWeights> float_;
    std::vector<QuantizedBlock> blocks_;
};

/// The engine's residual stream after all blocks, windows one after another.
std::vector<double> engineStream(const ModelWeights& weights, const Calibration& calibration) {
    const auto backend = makeReferenceBackend();
    Transformer model(*backend, weights);
    Buffer x;
    const HostLinear table = weights.embedding();
    const auto embedding = backend->upload(table);
    const auto plan = backend->record(
        [&](Recorder& recorder) {
            x = recorder.buffer(model.config().width);
            recorder.embed(*embedding, x);
            const BlockScratch scratch = model.scratch(recorder);
            for (std::int64_t l = 0; l < model.config().layers; ++l)
                model.recordBlock(recorder, l, scratch, x, 16);
        },
        static_cast<int>(windowTokens));
    std::vector<double> stream;
    for (const auto& window : calibration.windows) {
        const auto cache = model.cache(windowTokens);
        backend->run(*plan, {window, 0, cache.get()});
        const std::vector<float> rows = plan->read(x, windowTokens);
        stream.insert(stream.end(), rows.begin(), rows.end());
    }
    return stream;
}

} // namespace

namespace {

/// bfloat16 products where the processor has them, float32 elsewhere.
constexpr double rounding = 2e-2;

} // namespace

class TwoStreamsTest : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    std::unique_ptr<ModelSource> source_;

    static QuantizedGroup quantized(GroupKind kind, const Matrix& weights,
                                    const std::vector<std::int64_t>& outputs,
                                    const GroupInputs& inputs) {
        QuantizeSettings s;
        s.rank = 3;
        s.rowMeans = kind == GroupKind::mlpIn; // every stored tensor is there somewhere
        return quantizeGroup({kind, weights, outputs, inputs.moments, inputs.sample, 1}, s).group;
    }

private Q_SLOTS:
    void initTestCase() {
        writeTinyFolder(folder_.path().toStdString());
        source_ = ModelSource::open(folder_.path().toStdString());
    }

    void bothStreamsEqualTheEngine() {
        const Calibration calibration = someTokens(3);
        TwoStreams streams(*source_, calibration, "cpu");
        std::vector<QuantizedBlock> blocks;
        for (std::int64_t l = 0; l < source_->config().layers; ++l)
            blocks.push_back(streams.advance(l, quantized).block);
        const auto floats = engineStream(*floatWeights(*source_, WeightKind::f32), calibration);
        QVERIFY(relativeDifference(streams.floatStream().toHostF64(), floats) < rounding);
        const auto ones = engineStream(PartlyQuantized(*source_, blocks), calibration);
        QVERIFY(relativeDifference(streams.quantizedStream().toHostF64(), ones) < rounding);
        QVERIFY(relativeDifference(streams.quantizedStream().toHostF64(), floats) > 0.05);
    }

    /// What --resume rests on: walking stored blocks again gives the same numbers, bit for bit.
    void replayIsExact() {
        const Calibration calibration = someTokens(2);
        TwoStreams first(*source_, calibration, "cpu"), again(*source_, calibration, "cpu");
        for (std::int64_t l = 0; l < source_->config().layers; ++l)
            again.replay(l, first.advance(l, quantized).block);
        QCOMPARE(again.quantizedStream().toHost(), first.quantizedStream().toHost());
        QCOMPARE(again.floatStream().toHost(), first.floatStream().toHost());
    }

    /// With a block in float the quantized stream is the engine's over its F16 weights.
    void groupsInFloatAreTheEngines() {
        const Calibration calibration = someTokens(2);
        TwoStreams streams(*source_, calibration, "cpu"), again(*source_, calibration, "cpu");
        std::vector<QuantizedBlock> blocks;
        int measured = 0;
        for (std::int64_t l = 0; l < source_->config().layers; ++l) {
            blocks.push_back(
                streams
                    .advance(
                        l,
                        [&](GroupKind kind, const Matrix& weights,
                            const std::vector<std::int64_t>& outputs, const GroupInputs& inputs) {
                            ++measured;
                            return quantized(kind, weights, outputs, inputs);
                        },
                        [&](GroupKind kind) -> std::optional<QuantizedGroup> {
                            if (l == 0 || kind == GroupKind::attnOut)
                                return keptGroup(*source_, l, kind);
                            return std::nullopt;
                        })
                    .block);
            again.replay(l, blocks.back());
        }
        QCOMPARE(measured, 3);
        const auto ones = engineStream(PartlyQuantized(*source_, blocks), calibration);
        QVERIFY(relativeDifference(streams.quantizedStream().toHostF64(), ones) < rounding);
        QCOMPARE(again.quantizedStream().toHost(), streams.quantizedStream().toHost());
    }

    void windowsOfTwoLengthsStandTogether() {
        Calibration mixed = someTokens(2);
        mixed.windows.push_back({1, 2, 3, 4, 5, 6, 7});
        TwoStreams together(*source_, mixed, "cpu");
        TwoStreams alone(*source_, {{mixed.windows.back()}, ""}, "cpu");
        const auto keepFloat = [](TwoStreams& s) {
            (void)s.advance(0, quantized);
            return s.floatStream().toHost();
        };
        const auto all = keepFloat(together), one = keepFloat(alone);
        for (std::size_t i = 0; i < one.size(); ++i)
            QVERIFY(std::abs(all[all.size() - one.size() + i] - one[i]) < 1e-5F);
    }
};

QTEST_GUILESS_MAIN(TwoStreamsTest)
#include "two_streams_test.moc"
