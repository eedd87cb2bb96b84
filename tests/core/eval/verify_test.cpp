// SPDX-License-Identifier: GPL-3.0-or-later
//
// From a written artifact to `verify`: sound bytes and the stored probe.
#include "core/engine/session.h"
#include "core/eval/golden_probe.h"
#include "core/model/kept_group.h"
#include "core/model/tensor_names.h"
#include "expect_error.h"
#include "tiny_quantized.h"

#include <QTemporaryDir>
#include <QtTest>

#include <filesystem>
#include <fstream>

using namespace bwla;
namespace fs = std::filesystem;

namespace {

/// A random block with eight times the row scales: the plain one adds so little to the residual
/// stream that the order of two of them hardly shows (7e-4 in the logits).
QuantizedBlock strongBlock(const ModelConfig& config, std::int64_t layer) {
    QuantizedBlock block = test::randomBlock(config, layer);
    for (QuantizedGroup& group : block.groups)
        for (QuantizedLinear& linear : group.linears)
            for (std::uint16_t& scale : linear.scale)
                scale = floatToHalf(8.0F * halfToFloat(scale));
    return block;
}

} // namespace

class VerifyTest : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    fs::path root_ = folder_.path().toStdString();
    std::unique_ptr<ModelSource> source_ =
        ModelSource::open(fs::path(BWLA_TEST_DATA) / "tiny_gqa_tied");

    /// Layer l of the artifact is random block order(l).
    void write(const fs::path& out, const std::function<std::int64_t(std::int64_t)>& order,
               const ProbeMaker& probe) const {
        writeArtifact(
            out, *source_, {},
            [&](std::int64_t layer) { return strongBlock(source_->config(), order(layer)); },
            probe);
    }
    static ArtifactCheck verify(const fs::path& path) {
        const auto backend = makeReferenceBackend();
        return verifyArtifact(*Artifact::open(path), *backend);
    }
    static std::int64_t inOrder(std::int64_t layer) { return layer; }

private slots:
    void soundArtifactPasses();
    void sameBlocksSameProbe();
    void swappedLayersAreNamed();
    void damagedTensorIsNamed();
    void missingProbeIsNamed();
    void inFloatItIsTheOriginal();
    void brokenProbeIsNamed();
};

void VerifyTest::soundArtifactPasses() {
    write(root_ / "sound", inOrder, probeMaker());
    const ArtifactCheck check = verify(root_ / "sound");
    QVERIFY(check.probeMaxError < probeTolerance);
    QVERIFY(check.tensors > 2 * 7 * 2); // two layers of seven linears, signs and scales at least
}

void VerifyTest::sameBlocksSameProbe() {
    write(root_ / "a", inOrder, probeMaker());
    write(root_ / "b", inOrder, probeMaker());
    const auto text = [&](const char* name) {
        std::ifstream stream(root_ / name / "golden_probe.json", std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(stream), {});
    };
    QCOMPARE(text("a"), text("b"));
    QVERIFY(!text("a").empty());
}

void VerifyTest::swappedLayersAreNamed() {
    std::string probe;
    write(root_ / "right", inOrder,
          [&](const fs::path& folder) { return probe = probeMaker()(folder); });
    // Every hash is right here: only the probe can tell.
    write(
        root_ / "swapped", [](std::int64_t layer) { return 1 - layer; },
        [&](const fs::path&) { return probe; });
    EXPECT_ERROR(verify(root_ / "swapped"), probeMismatch, "swapped");
}

void VerifyTest::damagedTensorIsNamed() {
    write(root_ / "damaged", inOrder, probeMaker());
    const fs::path tensors = root_ / "damaged/model.safetensors";
    std::fstream file(tensors, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(-5, std::ios::end);
    const char byte = static_cast<char>(file.get() ^ 1);
    file.seekp(-5, std::ios::end);
    file.put(byte);
    file.close();
    EXPECT_ERROR(verify(root_ / "damaged"), hashMismatch, "Tensor ");
}

void VerifyTest::missingProbeIsNamed() {
    write(root_ / "bare", inOrder, probeMaker());
    fs::remove(root_ / "bare/golden_probe.json");
    EXPECT_ERROR(verify(root_ / "bare"), notFound, "golden_probe.json");
}

/// All linears in float: only the tables, at 8 bits, are not the original's, so with those put in
/// the original gives the same logits to the bit. 6-bit activations change nothing either.
void VerifyTest::inFloatItIsTheOriginal() {
    writeArtifact(
        root_ / "float", *source_, {},
        [&](std::int64_t layer) {
            QuantizedBlock block = strongBlock(source_->config(), layer);
            for (const InputGroup& g : groups())
                block.groups[static_cast<std::size_t>(g.kind)] = keptGroup(*source_, layer, g.kind);
            block.attnNorm = source_->tensor(attnNormName(layer));
            block.mlpNorm = source_->tensor(mlpNormName(layer));
            return block;
        },
        probeMaker());
    QVERIFY(verify(root_ / "float").probeMaxError < probeTolerance);

    const auto artifact = Artifact::open(root_ / "float");
    class Original : public ModelWeights {
    public:
        Original(const ModelSource& source, const Artifact& tables)
            : float_(floatWeights(source, WeightKind::f16)), tables_(tables) {}
        [[nodiscard]] const ModelConfig& config() const override { return float_->config(); }
        [[nodiscard]] LayerWeights layer(std::int64_t i) const override { return float_->layer(i); }
        [[nodiscard]] HostLinear embedding() const override { return tables_.embedding(); }
        [[nodiscard]] HostLinear head() const override { return tables_.head(); }
        [[nodiscard]] std::vector<float> finalNorm() const override { return float_->finalNorm(); }
        [[nodiscard]] int activationBits() const override { return 16; }
        [[nodiscard]] std::string format() const override { return "f16"; }

    private:
        std::unique_ptr<ModelWeights> float_;
        const Artifact& tables_;
    };
    const Original original(*source_, *artifact);
    const auto backend = makeCpuBackend();
    const auto logits = [&](const ModelWeights& weights, int bits) {
        Transformer model(*backend, weights);
        Session session(model, 32, bits);
        const auto values = session.feed(std::vector<std::int32_t>{5, 17, 3, 40, 22});
        return std::vector<float>(values.begin(), values.end());
    };
    const auto wanted = logits(original, 16);
    QCOMPARE(logits(*artifact, 16), wanted);
    QCOMPARE(logits(*artifact, 6), wanted);
    QVERIFY(logits(original, 6) != wanted); // W16A6 of a whole original is another thing
}

void VerifyTest::brokenProbeIsNamed() {
    write(root_ / "broken", inOrder, [](const fs::path&) { return std::string("{\"prompts\":"); });
    EXPECT_ERROR(verify(root_ / "broken"), corrupt, "golden_probe.json");
}

QTEST_GUILESS_MAIN(VerifyTest)
#include "verify_test.moc"
