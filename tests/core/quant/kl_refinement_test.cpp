// SPDX-License-Identifier: GPL-3.0-or-later
//
// Training a tiny quantized model towards its original: what is learned, stored, repeated and
// resumed.
#include "core/model/kept_group.h"
#include "core/quant/group_quantizer.h"
#include "core/quant/kl_refinement.h"
#include "core/quant/two_streams.h"
#include "tiny_model.h"
#include "token_windows.h"

#include <QTemporaryDir>
#include <QTest>

using namespace bwla;
using namespace bwla::test;

namespace {

constexpr std::int64_t window = 64;

std::vector<std::vector<std::int32_t>> windows(int count, int seed) {
    return tokenWindows(count, window, seed);
}

std::vector<std::byte> bytes(const RefinedModel& model) {
    std::vector<std::byte> all;
    for (const QuantizedBlock& block : model.blocks)
        for (const NamedTensor& tensor : blockTensors(block, 0))
            all.insert(all.end(), tensor.bytes.begin(), tensor.bytes.end());
    const auto norm = std::as_bytes(std::span(model.finalNorm));
    all.insert(all.end(), norm.begin(), norm.end());
    return all;
}

/// Largest |R R' - I|.
double offOrthogonal(const StoredFactor& r) {
    double off = 0.0;
    for (std::int64_t i = 0; i < r.size; ++i)
        for (std::int64_t j = 0; j < r.size; ++j) {
            double dot = 0.0;
            for (std::int64_t k = 0; k < r.size; ++k)
                dot += static_cast<double>(r.scale) * r.values[i * r.size + k] *
                       (static_cast<double>(r.scale) * r.values[j * r.size + k]);
            off = std::max(off, std::abs(dot - (i == j ? 1.0 : 0.0)));
        }
    return off;
}

} // namespace

class KlRefinementTest : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    std::unique_ptr<ModelSource> source_;
    RefinedModel start_;
    KlText text_{windows(3, 1), windows(5, 2), 0.4};

    [[nodiscard]] std::filesystem::path state(const char* name) const {
        return folder_.filePath(QString(name) + ".safetensors").toStdString();
    }
    [[nodiscard]] static KlSettings steps(std::int64_t count) {
        KlSettings settings;
        settings.tokens = count * 512;
        settings.secondsBetweenPoints = 0.0; // after every step
        return settings;
    }
    /// Block reconstruction and no KL after it.
    [[nodiscard]] static KlSettings reconstruction() {
        KlSettings settings = steps(0);
        settings.signs = true;
        settings.reconstruction.epochs = 12;
        settings.reconstruction.stepTokens = 2 * window;
        return settings;
    }
    struct Trained {
        RefinedModel model;
        std::vector<KlPoint> points;
        std::vector<ReconstructedBlock> blocks;
    };
    [[nodiscard]] Trained train(const KlSettings& settings, const char* name) const {
        return train(start_, settings, name);
    }
    [[nodiscard]] Trained train(const RefinedModel& start, const KlSettings& settings,
                                const char* name) const {
        Trained trained;
        const std::filesystem::path file = state(name);
        std::filesystem::create_directories(file.parent_path());
        trained.model = refineByKl(
            *source_, start, text_, settings, file,
            [&](const KlPoint& point) { trained.points.push_back(point); }, {},
            [&](const ReconstructedBlock& block) { trained.blocks.push_back(block); });
        return trained;
    }

    /// Of a model as stored, at A16, on one step's windows: a step so small that it changes
    /// nothing.
    [[nodiscard]] double klOf(const RefinedModel& model) const {
        KlSettings settings = steps(1);
        settings.quantizedShare = 0.0;
        double kl = 0.0;
        (void)refineByKl(*source_, model, text_, settings, state("measure"),
                         [&](const KlPoint& point) { kl = point.kl; }, {});
        std::filesystem::remove(state("measure"));
        return kl;
    }

private Q_SLOTS:
    void initTestCase() {
        TinyModel tiny;
        tiny.context = window;
        writeTinyFolder(folder_.filePath("tiny").toStdString(), tiny);
        source_ = ModelSource::open(folder_.filePath("tiny").toStdString());
        TwoStreams streams(*source_, {windows(8, 3), ""}, "cpu");
        for (std::int64_t l = 0; l < source_->config().layers; ++l)
            start_.blocks.push_back(
                streams
                    .advance(l,
                             [](GroupKind kind, const Matrix& weights,
                                const std::vector<std::int64_t>& outputs, const GroupInputs& in) {
                                 QuantizeSettings s;
                                 s.rank = 2;
                                 s.oktRounds = 2;
                                 s.rowMeans = kind == GroupKind::mlpIn;
                                 return quantizeGroup(
                                            {kind, weights, outputs, in.moments, in.sample, 1}, s)
                                     .group;
                             })
                    .block);
        start_.finalNorm = source_->tensor("model.norm.weight");
    }

    void windowsFitStepDeviceAndModel() {
        const auto batch = [](const char* device, std::int64_t step, std::int64_t longest,
                              std::int64_t context = 4096) {
            KlSettings settings;
            settings.device = device;
            settings.stepTokens = step;
            settings.windowTokens = longest;
            ModelConfig config;
            config.context = context;
            const KlBatch made = klBatch(settings, config);
            return std::pair{made.windows, made.window};
        };
        using Shape = std::pair<std::int64_t, std::int64_t>;
        QCOMPARE(batch("cpu", 0, 0), (Shape{1, 512}));
        QCOMPARE(batch("cpu", 128, 0), (Shape{1, 128}));
        QCOMPARE(batch("cpu", 128, 64), (Shape{2, 64}));
        QCOMPARE(batch("cuda", 0, 0), (Shape{8, 2048}));
        QCOMPARE(batch("cuda", 0, 1024), (Shape{16, 1024}));
        QCOMPARE(batch("cuda", 0, 1024, 256), (Shape{64, 256}));
    }

    /// A model that was not trained comes back as the bytes it was made from.
    void storageRoundTripIsExact() {
        QCOMPARE(bytes(train(steps(0), "none").model), bytes(start_));
    }

    void klFalls_data() {
        QTest::addColumn<bool>("signs");
        QTest::addColumn<bool>("fold");
        QTest::newRow("scales") << false << false;
        QTest::newRow("scales, weights folded") << false << true;
        QTest::newRow("signs") << true << false;
        QTest::newRow("signs, weights folded") << true << true;
    }
    void klFalls() {
        QFETCH(bool, signs);
        QFETCH(bool, fold);
        KlSettings settings = steps(40);
        settings.signs = signs;
        settings.foldWeights = fold;
        const Trained trained = train(settings, QTest::currentDataTag());
        const double before = klOf(start_), after = klOf(trained.model);
        QVERIFY2(after < 0.9 * before, qPrintable(QString("%1 -> %2").arg(before).arg(after)));
        QCOMPARE(trained.points.back().flippedSigns > 0.0, signs);
        QVERIFY(bytes(trained.model) != bytes(start_));
    }

    /// Text kept apart is measured from time to time and changes nothing.
    void heldOutTextIsMeasured() {
        KlText text = text_;
        text.heldFile = text_.file; // so that its KL falls too
        std::vector<double> held;
        const RefinedModel trained = refineByKl(*source_, start_, text, steps(40), state("held"),
                                                [&](const KlPoint& point) {
                                                    QVERIFY(!point.heldOutSelf);
                                                    if (point.heldOutFile)
                                                        held.push_back(*point.heldOutFile);
                                                },
                                                {});
        QVERIFY2(held.size() >= 15 && held.size() <= 21, qPrintable(QString::number(held.size())));
        QVERIFY(held.back() < held.front());
        QCOMPARE(bytes(trained), bytes(train(steps(40), "not held").model));
    }

    /// Trained rotations learn, stay orthogonal as far as 8 bits can say it, and what is stored is
    /// what trained.
    void rotationsTrain_data() {
        QTest::addColumn<bool>("fold");
        QTest::newRow("by rows") << false;
        QTest::newRow("weights folded") << true;
    }
    void rotationsTrain() {
        QFETCH(bool, fold);
        KlSettings settings = steps(40);
        settings.foldWeights = fold;
        settings.rotationRate = 1e-2;
        const Trained trained = train(settings, fold ? "turn-fold" : "turn-rows");
        const QuantizedGroup &before = start_.blocks[1].groups[0],
                             &after = trained.model.blocks[1].groups[0];
        QVERIFY(after.factorA.values != before.factorA.values);
        QVERIFY(after.factorB.values != before.factorB.values);
        QVERIFY(offOrthogonal(after.factorA) < 0.02);
        QVERIFY(offOrthogonal(after.factorB) < 0.02);
        QVERIFY2(std::abs(klOf(trained.model) - trained.points.back().kl) <
                     0.3 * trained.points.back().kl,
                 "the stored model is not the trained one");
    }

    /// Groups in float are constants, and so are the norms before them; the rest learns.
    void whatIsInFloatStays_data() {
        QTest::addColumn<bool>("fold");
        QTest::newRow("by rows") << false;
        QTest::newRow("weights folded") << true;
    }
    void whatIsInFloatStays() {
        QFETCH(bool, fold);
        RefinedModel start = start_;
        for (const InputGroup& g : groups())
            start.blocks[0].groups[static_cast<std::size_t>(g.kind)] =
                keptGroup(*source_, 0, g.kind);
        start.blocks[1].groups[2] = keptGroup(*source_, 1, GroupKind::mlpIn);
        KlSettings settings = steps(5);
        settings.signs = true;
        settings.foldWeights = fold;
        settings.reconstruction.epochs = 1;
        const RefinedModel trained =
            train(start, settings, fold ? "float-fold/state" : "float-rows/state").model;
        const auto tensors = [](const QuantizedBlock& block) { return blockTensors(block, 0); };
        const auto before = tensors(start.blocks[0]), after = tensors(trained.blocks[0]);
        QCOMPARE(after.size(), before.size());
        for (std::size_t i = 0; i < before.size(); ++i)
            QVERIFY2(after[i].bytes == before[i].bytes, before[i].name.c_str());
        QVERIFY(trained.blocks[1].groups[2].kept[0].weight ==
                start.blocks[1].groups[2].kept[0].weight);
        QCOMPARE(trained.blocks[1].mlpNorm, start.blocks[1].mlpNorm);
        QVERIFY(trained.blocks[1].attnNorm != start.blocks[1].attnNorm);
        QVERIFY(trained.blocks[1].groups[3].linears[0].scale !=
                start.blocks[1].groups[3].linears[0].scale);
    }

    /// Work on weights or on activations: the same function and the same gradient.
    void bothFormsAgree() {
        KlSettings settings = steps(3);
        for (const double share : {0.0, 1.0}) {
            settings.quantizedShare = share;
            settings.foldWeights = false;
            const double rows = klOf(train(settings, "rows").model);
            settings.foldWeights = true;
            const double weights = klOf(train(settings, "weights").model);
            QVERIFY2(std::abs(rows - weights) < 0.02 * rows,
                     qPrintable(QString("%1 %2").arg(rows).arg(weights)));
        }
    }

    void sameSeedSameBytes() {
        KlSettings settings = steps(5);
        const auto first = bytes(train(settings, "first").model);
        QVERIFY(bytes(train(settings, "second").model) == first);
        settings.seed = 1;
        QVERIFY(bytes(train(settings, "third").model) != first);
    }

    /// Stopped on the way and taken up again: the bytes of a run that nothing disturbed.
    void aStoppedRunGoesOn() {
        const KlSettings settings = steps(8);
        const auto whole = bytes(train(settings, "whole").model);
        std::stop_source stop;
        QVERIFY_EXCEPTION_THROWN((void)refineByKl(
                                     *source_, start_, text_, settings, state("stopped"),
                                     [&](const KlPoint& point) {
                                         if (point.tokens >= 3 * 512)
                                             stop.request_stop();
                                     },
                                     stop.get_token()),
                                 Cancelled);
        QVERIFY(std::filesystem::exists(state("stopped")));
        const Trained resumed = train(settings, "stopped");
        QCOMPARE(resumed.points.front().tokens, 4 * 512);
        QVERIFY(bytes(resumed.model) == whole);
    }

    void reconstructionBringsBlocksNearer_data() {
        QTest::addColumn<bool>("signs");
        QTest::newRow("scales") << false;
        QTest::newRow("signs") << true;
    }
    void reconstructionBringsBlocksNearer() {
        QFETCH(bool, signs);
        KlSettings settings = reconstruction();
        settings.signs = signs;
        if (!signs)
            settings.reconstruction.latentRate = 0.0;
        // One block of these, and one seed, may lose where bfloat16 rounds otherwise.
        double before = 0.0, after = 0.0;
        for (settings.seed = 0; settings.seed < 3; ++settings.seed) {
            const std::string name =
                (signs ? "near-signs" : "near") + std::to_string(settings.seed) + "/state";
            const Trained trained = train(settings, name.c_str());
            QCOMPARE(static_cast<std::int64_t>(trained.blocks.size()), source_->config().layers);
            for (const ReconstructedBlock& block : trained.blocks) {
                before += block.errorBefore;
                after += block.errorAfter;
                QVERIFY(block.errorAfter < 1.1 * block.errorBefore);
                QCOMPARE(block.flippedSigns > 0.0, signs);
            }
            QVERIFY(klOf(trained.model) < 0.95 * klOf(start_));
        }
        QVERIFY2(after < 0.985 * before, qPrintable(QString("%1 -> %2").arg(before).arg(after)));
    }

    /// Signs that only reconstruction trains: the KL leaves them, and a run that is taken up again
    /// finds them.
    void reconstructedSignsStay() {
        KlSettings settings = reconstruction();
        settings.signs = false;
        settings.tokens = 6 * 512;
        const RefinedModel whole = train(settings, "signs-stay/state").model;
        settings.tokens = 0;
        const RefinedModel before = train(settings, "signs-before/state").model;
        settings.tokens = 6 * 512;
        for (std::size_t l = 0; l < before.blocks.size(); ++l)
            QVERIFY(whole.blocks[l].groups[0].linears[0].signs ==
                    before.blocks[l].groups[0].linears[0].signs);
        const std::filesystem::path file = state("signs-stopped/state");
        std::filesystem::create_directories(file.parent_path());
        std::stop_source stop;
        QVERIFY_EXCEPTION_THROWN((void)refineByKl(
                                     *source_, start_, text_, settings, file,
                                     [&](const KlPoint&) { stop.request_stop(); },
                                     stop.get_token()),
                                 Cancelled);
        QVERIFY(bytes(train(settings, "signs-stopped/state").model) == bytes(whole));
        std::filesystem::remove(file.parent_path() / "reconstructed-00001.safetensors");
        QVERIFY_EXCEPTION_THROWN((void)train(settings, "signs-stopped/state"), Error);
    }

    /// The KL goes on from trained latents: a step too small to turn a sign leaves them as
    /// reconstruction did.
    void theKlStartsFromReconstructedSigns() {
        KlSettings settings = reconstruction();
        const RefinedModel before = train(settings, "latents/state").model;
        settings.tokens = 2 * 512;
        settings.latentRate = 1e-9;
        const RefinedModel after = train(settings, "latents-kl/state").model;
        for (std::size_t l = 0; l < before.blocks.size(); ++l)
            for (std::size_t k = 0; k < groupCount; ++k) {
                const auto &a = before.blocks[l].groups[k], &b = after.blocks[l].groups[k];
                QVERIFY(a.linears[0].signs == b.linears[0].signs);
                QVERIFY(a.linears[0].signs != start_.blocks[l].groups[k].linears[0].signs);
            }
    }

    /// Stopped after its first block, which the resumed run does not train again.
    void aStoppedReconstructionGoesOn() {
        const KlSettings settings = reconstruction();
        const auto whole = bytes(train(settings, "blocks/state").model);
        const std::filesystem::path file = state("blocks-stopped/state");
        std::filesystem::create_directories(file.parent_path());
        std::stop_source stop;
        QVERIFY_EXCEPTION_THROWN((void)refineByKl(
                                     *source_, start_, text_, settings, file, [](const KlPoint&) {},
                                     stop.get_token(),
                                     [&](const ReconstructedBlock&) { stop.request_stop(); }),
                                 Cancelled);
        QVERIFY(std::filesystem::exists(file.parent_path() / "reconstructed-00000.safetensors"));
        QVERIFY(!std::filesystem::exists(file.parent_path() / "reconstructed-00001.safetensors"));
        const Trained resumed = train(settings, "blocks-stopped/state");
        QVERIFY(bytes(resumed.model) == whole);
    }
};

QTEST_GUILESS_MAIN(KlRefinementTest)
#include "kl_refinement_test.moc"
