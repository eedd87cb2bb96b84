// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/job/job.h"
#include "core/quant/rank_survey.h"
#include "tiny_model.h"

#include <QTemporaryDir>
#include <QTest>

#include <numeric>

using namespace bwla;
using namespace bwla::test;

namespace {

Calibration someTokens() {
    Calibration calibration;
    for (int i = 0; i < 4; ++i) {
        std::vector<std::int32_t> ids(40);
        for (std::size_t t = 0; t < ids.size(); ++t)
            ids[t] =
                static_cast<std::int32_t>((t * 31 + static_cast<std::size_t>(i) * 17 + 5) % 250);
        calibration.windows.push_back(std::move(ids));
    }
    return calibration;
}

/// A tiny model in which the tensors whose name contains `part` are `factor` times as large.
std::unique_ptr<ModelSource> scaledModel(const std::filesystem::path& folder,
                                         const std::string& part, float factor) {
    const TinyModel tiny{.layers = 3};
    writeTinyFolder(folder, tiny);
    std::vector<NamedTensor> tensors;
    for (const ExpectedTensor& tensor : tinyTensors(tiny)) {
        std::vector<float> values = tinyValues(tensor, tiny);
        if (!part.empty() && tensor.name.find(part) != std::string::npos)
            for (float& value : values)
                value *= factor;
        tensors.push_back(floatTensor(tensor, values));
    }
    writeSafetensors(folder / "model.safetensors", tensors, {{"format", "pt"}});
    return ModelSource::open(folder);
}

RankWorth survey(const ModelSource& model, const QuantizeSettings& settings = {}) {
    return surveyRanks(model, someTokens(), settings, [](double) {}, {});
}

double sum(const std::vector<double>& falls) {
    return std::accumulate(falls.begin(), falls.end(), 0.0);
}

} // namespace

class RankSurveyTest : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    std::unique_ptr<ModelSource> plain_;
    RankWorth worth_; ///< of plain_

    [[nodiscard]] std::filesystem::path path(const char* name) const {
        return folder_.filePath(name).toStdString();
    }

private slots:
    void initTestCase() {
        plain_ = scaledModel(path("plain"), "", 1.0F);
        worth_ = survey(*plain_);
    }

    /// Every group of the model gets falls, each no greater than the one before, and the same
    /// again.
    void worthsFall() {
        QCOMPARE(worth_.size(), std::size_t{3});
        for (const auto& block : worth_)
            for (const auto& falls : block) {
                QVERIFY(falls.size() >= 48); // the narrowest side
                QVERIFY(falls.front() > 0.0);
                for (std::size_t i = 1; i < falls.size(); ++i)
                    QVERIFY(falls[i] >= 0.0 && falls[i] <= falls[i - 1] * (1.0 + 1e-6));
            }
        QCOMPARE(survey(*plain_), worth_);
    }

    /// Errors of q, k and v are lost where o_proj passes nothing on: the gradients say so.
    void whatIsNotReadIsWorthNothing() {
        const auto silent = scaledModel(path("silent"), "layers.1.self_attn.o_proj", 0.0F);
        const RankWorth worth = survey(*silent);
        QVERIFY(sum(worth[1][0]) < 1e-9 * sum(worth[0][0]));
        QVERIFY(sum(worth[1][2]) > 0.0); // the feed-forward part is as alive as before
    }

    /// silu(gate) * up with up halved: its errors are half as large, the gate's are passed on by
    /// half; squared both count a quarter.
    void errorsCountByTheirEffect() {
        const auto quiet = scaledModel(path("quiet"), "layers.2.mlp.up_proj", 0.5F);
        const RankWorth worth = survey(*quiet);
        const double ratio = sum(worth[2][2]) / sum(worth_[2][2]);
        QVERIFY2(ratio > 0.1 && ratio < 0.5, qPrintable(QString::number(ratio)));
    }

    void whatStaysInFloatIsSkipped() {
        QuantizeSettings s;
        s.inFloat.setKept("1,mlp_out");
        const RankWorth worth = survey(*plain_, s);
        for (const auto& falls : worth[1])
            QVERIFY(falls.empty());
        QVERIFY(worth[0][3].empty());
        QCOMPARE(worth[0][0], worth_[0][0]);
    }

    void itCanBeStopped() {
        std::stop_source stop;
        int heard = 0;
        const auto run = [&] {
            (void)surveyRanks(
                *plain_, someTokens(), {},
                [&](double) {
                    if (++heard == 4)
                        stop.request_stop();
                },
                stop.get_token());
        };
        QVERIFY_EXCEPTION_THROWN(run(), Cancelled);
        QCOMPARE(heard, 4);
    }
};

QTEST_GUILESS_MAIN(RankSurveyTest)
#include "rank_survey_test.moc"
