// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/engine/session.h"
#include "core/engine/transformer.h"
#include "core/model/half.h"
#include "core/model/kept_group.h"
#include "core/quant/activation_survey.h"
#include "core/quant/group_quantizer.h"
#include "core/quant/two_streams.h"
#include "kernels/backend.h"
#include "tiny_model.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>

using namespace bwla;
using namespace bwla::test;

namespace {

Calibration someTokens() {
    Calibration calibration;
    for (int i = 0; i < 8; ++i) {
        std::vector<std::int32_t> ids(64);
        for (std::size_t t = 0; t < ids.size(); ++t)
            ids[t] = static_cast<std::int32_t>((t * t * 31 + static_cast<std::size_t>(i) * 17 + 5) %
                                               250);
        calibration.windows.push_back(std::move(ids));
    }
    return calibration;
}

/// The refined model as the engine loads it, embeddings in float.
class Finished : public ModelWeights {
public:
    Finished(const ModelSource& source, const RefinedModel& model)
        : float_(floatWeights(source, WeightKind::f32)), model_(model) {}
    [[nodiscard]] const ModelConfig& config() const override { return float_->config(); }
    [[nodiscard]] LayerWeights layer(std::int64_t index) const override {
        return toHost(model_.blocks[static_cast<std::size_t>(index)]);
    }
    [[nodiscard]] HostLinear embedding() const override { return float_->embedding(); }
    [[nodiscard]] HostLinear head() const override { return float_->head(); }
    [[nodiscard]] std::vector<float> finalNorm() const override { return model_.finalNorm; }
    [[nodiscard]] int activationBits() const override { return 16; }
    [[nodiscard]] std::string format() const override { return "w1a6"; }

private:
    std::unique_ptr<ModelWeights> float_;
    const RefinedModel& model_;
};

std::vector<double> probabilities(std::span<const float> logits) {
    double sum = 0.0;
    std::vector<double> p;
    for (const float logit : logits)
        sum += p.emplace_back(std::exp(static_cast<double>(logit)));
    for (double& value : p)
        value /= sum;
    return p;
}

/// KL(A16 | bits) of the engine, nats a token.
double measuredKl(const ModelWeights& weights, int bits, const Calibration& calibration) {
    const auto backend = makeReferenceBackend();
    Transformer model(*backend, weights);
    double sum = 0.0;
    std::int64_t tokens = 0;
    for (const auto& window : calibration.windows) {
        std::vector<std::vector<double>> exact;
        const auto vocabulary = static_cast<std::size_t>(model.config().vocabulary);
        Session unrounded(model, 64, 16), rounded(model, 64, bits);
        (void)unrounded.feedAll(window, [&](std::int64_t, std::span<const float> rows) {
            for (; !rows.empty(); rows = rows.subspan(vocabulary))
                exact.push_back(probabilities(rows.first(vocabulary)));
        });
        std::size_t row = 0;
        (void)rounded.feedAll(window, [&](std::int64_t, std::span<const float> rows) {
            for (; !rows.empty(); rows = rows.subspan(vocabulary)) {
                const auto q = probabilities(rows.first(vocabulary));
                const auto& p = exact[row++];
                for (std::size_t i = 0; i < p.size(); ++i)
                    sum += p[i] * std::log(p[i] / q[i]);
            }
        });
        tokens += std::ssize(window);
    }
    return sum / static_cast<double>(tokens);
}

} // namespace

class ActivationSurveyTest : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    std::unique_ptr<ModelSource> source_;
    RefinedModel model_;
    ActivationSurvey survey_;

private slots:
    void initTestCase() {
        writeTinyFolder(folder_.filePath("tiny").toStdString());
        source_ = ModelSource::open(folder_.filePath("tiny").toStdString());
        TwoStreams streams(*source_, someTokens(), "cpu");
        const auto quantize = [](GroupKind kind, const Matrix& weights,
                                 const std::vector<std::int64_t>& outputs, const GroupInputs& in) {
            QuantizeSettings s;
            s.rank = 2;
            s.oktRounds = 2;
            return quantizeGroup({kind, weights, outputs, in.moments, in.sample, 1}, s).group;
        };
        for (std::int64_t l = 0; l < source_->config().layers; ++l)
            model_.blocks.push_back(streams.advance(l, quantize).block);
        model_.blocks[1].groups[3] = keptGroup(*source_, 1, GroupKind::mlpOut);
        model_.finalNorm = source_->tensor("model.norm.weight");
        // Unclipped, as the engine then runs it below.
        for (QuantizedBlock& block : model_.blocks)
            for (QuantizedGroup& group : block.groups)
                group.inputClip.fill(floatToHalf(1.0F));
        survey_ = surveyActivations(*source_, model_, someTokens(), {}, [](double) {}, {});
    }

    void moreBitsLoseLess() {
        for (std::size_t layer = 0; layer < 2; ++layer)
            for (std::size_t k = 0; k < groupCount; ++k) {
                if (layer == 1 && k == 3) {
                    QVERIFY(!survey_.loss[layer][k]);
                    continue;
                }
                const auto& loss = survey_.loss[layer][k].value();
                for (std::size_t i = 1; i < loss.size(); ++i)
                    QVERIFY(loss[i] > 0.0 && loss[i - 1] > 2.0 * loss[i]);
            }
    }

    /// The groups' losses add up to what rounding does to the engine's predictions.
    void theSumIsTheKl_data() {
        QTest::addColumn<int>("asked");
        QTest::newRow("A6") << 6;
        QTest::newRow("A8") << 8;
    }
    void theSumIsTheKl() {
        QFETCH(int, asked);
        const auto i = static_cast<std::size_t>(asked - budgetActivationBits.front());
        double foretold = 0.0;
        for (const auto& block : survey_.loss)
            for (const auto& loss : block)
                foretold += loss ? (*loss)[i] : 0.0;
        RefinedModel clipped = model_;
        ActivationBits bits;
        for (auto& list : bits)
            list.assign(2, asked);
        setClips(clipped, survey_, bits);
        const double measured = measuredKl(Finished(*source_, clipped), asked, someTokens());
        QVERIFY2(foretold > 0.5 * measured && foretold < 2.0 * measured,
                 qPrintable(QString("foretold %1, measured %2").arg(foretold).arg(measured)));
    }

    void clipsFollowTheBits() {
        RefinedModel clipped = model_;
        const ActivationBits bits{{{4, 8}, {6, 4}, {8, 6}, {4, 16}}};
        setClips(clipped, survey_, bits);
        for (std::size_t layer = 0; layer < 2; ++layer)
            for (std::size_t k = 0; k < groupCount; ++k) {
                const auto choice = std::ranges::find(budgetActivationBits, bits[k][layer]);
                const auto i = static_cast<std::size_t>(choice - budgetActivationBits.begin());
                const double clip = layer == 1 && k == 3 ? 0.0 : survey_.clips[layer][k][i];
                if (clip > 0.0)
                    QCOMPARE(clipped.blocks[layer].groups[k].inputClip[1],
                             floatToHalf(static_cast<float>(clip)));
            }
        QVERIFY(clipped.blocks[1].groups[3].isKept());
    }
};

QTEST_GUILESS_MAIN(ActivationSurveyTest)
#include "activation_survey_test.moc"
