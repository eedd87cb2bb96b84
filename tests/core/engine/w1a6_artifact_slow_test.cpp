// SPDX-License-Identifier: GPL-3.0-or-later
//
// The agreement rules on the quantized default model itself, all its blocks: the folder that
// `installer/bootstrap demo` writes, or BWLA_ARTIFACT.
#include "block_runs.h"
#include "core/engine/session.h"
#include "core/eval/kl_divergence.h"
#include "core/model/artifact.h"
#include "core/model/model_source.h"
#include "in_memory_weights.h"
#include "real_model.h"

using namespace bwla;
using namespace bwla::test;

namespace {

std::filesystem::path realArtifact() {
    if (const char* path = std::getenv("BWLA_ARTIFACT"))
        return path;
    return realModel().parent_path() / "SmolLM2-135M-Instruct-W1A6";
}

std::vector<float> embeddings(const HostLinear& table, const std::vector<std::int32_t>& tokens) {
    std::vector<float> rows;
    for (const std::int32_t token : tokens)
        for (std::int64_t j = 0; j < table.cols; ++j)
            rows.push_back(
                table.scale[static_cast<std::size_t>(token)] *
                static_cast<float>(table.int8[static_cast<std::size_t>(token * table.cols + j)]));
    return rows;
}

} // namespace

class W1A6ArtifactTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        if (!std::filesystem::exists(realArtifact()))
            QSKIP("No quantized default model: run installer/bootstrap demo.");
        artifact_ = Artifact::open(realArtifact());
    }

    void blocks() {
        const auto referenceBackend = makeReferenceBackend();
        const auto cpuBackend = makeCpuBackend({.cacheBits = 32});
        Transformer reference(*referenceBackend, *artifact_);
        Transformer cpu(*cpuBackend, *artifact_);
        compareBlocks(reference, cpu, embeddings(artifact_->embedding(), realTokens()));
    }

    /// End to end: logits at A16; at A6 rounding is amplified, so the mean divergence.
    void wholeModel() {
        const auto referenceBackend = makeReferenceBackend();
        const auto cpuBackend = makeCpuBackend({.cacheBits = 32});
        Transformer reference(*referenceBackend, *artifact_);
        Transformer cpu(*cpuBackend, *artifact_);
        const auto tokens = realTokens();
        const auto logits = [&](Transformer& model) {
            Session session(model, 256, 16);
            const auto values = session.feed(tokens);
            return std::vector<float>(values.begin(), values.end());
        };
        const double error = relativeError(logits(cpu), logits(reference));
        qInfo("A16 logits: %g relative", error);
        QVERIFY(error < 1e-3);

        Session exact(reference, 256, comparedBits), found(cpu, 256, comparedBits);
        const KlResult kl = klDivergence(exact, found, tokens, {.length = 256});
        qInfo("A6: mean divergence %g, %g %% agree on the likeliest token", kl.mean,
              100 * kl.topAgreement);
        QVERIFY(kl.mean < 0.05);
    }

private:
    std::unique_ptr<Artifact> artifact_;
};

QTEST_GUILESS_MAIN(W1A6ArtifactTest)
#include "w1a6_artifact_slow_test.moc"
