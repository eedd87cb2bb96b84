// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/inspect/channel_view.h"
#include "core/inspect/model_inspection.h"
#include "core/model/artifact_writer.h"
#include "core/stats/moments.h"
#include "expect_error.h"
#include "real_model.h"
#include "tiny_model.h"
#include "tiny_quantized.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <numeric>

using namespace bwla;
using namespace bwla::test;

namespace fs = std::filesystem;

namespace {

constexpr double allowed = 1e-5;

/// What the stored tensors mean, written out with the full matrix R = R1 (x) R2 and the formula of
/// HostLinear, one element at a time.
struct PlainLayer {
    const HostInput& input;
    const HostLinear& linear;

    [[nodiscard]] std::vector<double> rotation() const { // (m, m)
        const std::int64_t m = input.cols, m2 = input.factor2;
        std::vector<double> r(static_cast<std::size_t>(m * m));
        for (std::int64_t i = 0; i < m; ++i)
            for (std::int64_t j = 0; j < m; ++j)
                r[static_cast<std::size_t>(i * m + j)] =
                    input.factor1 == 0
                        ? (i == j ? 1.0 : 0.0)
                        : double{input.r1[static_cast<std::size_t>(i / m2 * input.factor1 +
                                                                   j / m2)]} *
                              input.r2[static_cast<std::size_t>(i % m2 * m2 + j % m2)];
        return r;
    }
    [[nodiscard]] double b(std::size_t j) const {
        return input.columnScale.empty() ? 1.0 : double{input.columnScale[j]};
    }
    [[nodiscard]] double stored(std::size_t i, std::size_t j) const {
        const auto words = static_cast<std::size_t>(HostLinear::wordsPerRow(linear.cols));
        const double sign = (linear.signs[i * words + j / 32] >> (j % 32) & 1U) != 0U ? 1.0 : -1.0;
        return b(j) * (double{linear.scale[i]} * sign +
                       (linear.mean.empty() ? 0.0 : double{linear.mean[i]}));
    }
    [[nodiscard]] double lowRank(std::size_t i, std::size_t j) const {
        double sum = 0.0;
        const auto rank = static_cast<std::size_t>(linear.rank);
        const auto cols = static_cast<std::size_t>(linear.cols);
        for (std::size_t k = 0; k < rank; ++k)
            sum += double{linear.lowRankAScale[k]} * linear.lowRankA[i * rank + k] *
                   input.lowRankBScale[k] * input.lowRankB[k * cols + j];
        return sum * b(j);
    }
};

/// Rows of `layer` against the plain computation: R w' gives w back, and the rest follows.
void compareRows(const InspectedLayer& layer, const GroupWeights& group, std::size_t index,
                 const std::vector<float>& original, const std::vector<std::int64_t>& rows) {
    const PlainLayer plain{group.input, group.linears[index]};
    const std::vector<double> r = plain.rotation();
    const auto cols = static_cast<std::size_t>(layer.cols());
    for (const std::int64_t row : rows) {
        const RowValues values = layer.row(row);
        const auto i = static_cast<std::size_t>(row);
        double error = 0.0, energy = 0.0;
        for (std::size_t j = 0; j < cols; ++j) {
            const double back =
                std::inner_product(values.rotated.begin(), values.rotated.end(),
                                   r.begin() + static_cast<std::ptrdiff_t>(j * cols), 0.0);
            QVERIFY2(std::abs(back - original[i * cols + j]) < allowed, "R w' is not w");
            const double residual = values.rotated[j] - plain.lowRank(i, j);
            QVERIFY2(std::abs(values.residual[j] - residual) < allowed, "w' - L");
            QVERIFY2(std::abs(values.stored[j] - plain.stored(i, j)) < allowed, "stored levels");
            error += std::pow(residual - plain.stored(i, j), 2);
            energy += std::pow(double{values.rotated[j]}, 2);
            const double level =
                (residual / plain.b(j) -
                 (plain.linear.mean.empty() ? 0.0 : double{plain.linear.mean[i]})) /
                double{plain.linear.scale[i]};
            QVERIFY(std::abs(values.inLevels[j] - level) < 1e-4 * (1.0 + std::abs(level)));
        }
        QVERIFY(std::abs(values.error() - error / energy) < allowed);
    }
}

} // namespace

class InspectionTest : public QObject {
    Q_OBJECT

private:
    QTemporaryDir directory_;
    [[nodiscard]] fs::path at(const char* name) const {
        return fs::path(directory_.path().toStdString()) / name;
    }
    void writeArtifactOf(const char* model, const char* out, const BlockShape& shape) const {
        const auto source = ModelSource::open(at(model));
        writeArtifact(
            at(out), *source, {},
            [&](std::int64_t layer) { return randomBlock(source->config(), layer, shape); },
            [](const fs::path&) { return std::string("{}"); });
    }

private Q_SLOTS:
    void initTestCase();
    void rows_equal_a_plain_computation_data();
    void rows_equal_a_plain_computation();
    void real_layer_equals_a_plain_computation();
    void engine_product_equals_the_rows();
    void histograms_share_bins_and_lose_nothing();
    void levels_put_the_stored_values_at_one();
    void survey_agrees_with_its_rows();
    void rounds_of_a_fit_rotate_the_original();
    void other_shape_is_refused_in_words();
    void finds_the_original_beside_the_artifact();
};

void InspectionTest::initTestCase() {
    writeTinyFolder(at("model"));
    writeArtifactOf("model", "full", {});
    writeArtifactOf("model", "bare",
                    {.rank = 0, .rotation = false, .columnScale = false, .mean = false});
}

void InspectionTest::rows_equal_a_plain_computation_data() {
    QTest::addColumn<QString>("artifact");
    QTest::newRow("all parts") << "full";
    QTest::newRow("signs alone") << "bare";
}

void InspectionTest::rows_equal_a_plain_computation() {
    QFETCH(QString, artifact);
    const ModelInspection model(at(qPrintable(artifact)), at("model"));
    QCOMPARE(model.layers().size(), std::size_t{14});
    for (const LayerId& id : model.layers()) {
        const auto layer = model.layer(id);
        const LayerWeights weights = model.artifact().layer(id.block);
        std::vector<std::int64_t> rows(static_cast<std::size_t>(layer->rows()));
        std::iota(rows.begin(), rows.end(), 0);
        compareRows(*layer, weights.groups[static_cast<std::size_t>(id.kind)],
                    static_cast<std::size_t>(id.index),
                    model.original().tensor(linearName(id.block, id.kind, id.index)), rows);
    }
}

void InspectionTest::real_layer_equals_a_plain_computation() {
    const fs::path original = realModel();
    const fs::path artifact = original.parent_path() / "SmolLM2-135M-Instruct-W1A6";
    if (!Artifact::isArtifact(artifact))
        QSKIP("the default model was not quantized on this machine");
    const ModelInspection model(artifact, original);
    const LayerId id{11, GroupKind::mlpOut, 0};
    const auto layer = model.layer(id);
    QCOMPARE(layer->rows(), 576);
    QCOMPARE(layer->cols(), 1536);
    const LayerWeights weights = model.artifact().layer(id.block);
    compareRows(*layer, weights.groups[static_cast<std::size_t>(id.kind)], 0,
                model.original().tensor(linearName(id.block, id.kind, id.index)), {0, 217, 575});
    const LayerSurvey survey = surveyLayer(id, *layer);
    QVERIFY2(survey.plainError < 1.2, "two unrelated matrices would differ by more");
    QVERIFY(survey.binarisationAfter < survey.binarisationBefore + 0.02);
}

void InspectionTest::engine_product_equals_the_rows() {
    const ModelInspection model(at("full"), at("model"));
    const auto layer = model.layer({1, GroupKind::mlpIn, 1});
    const GroupWeights group =
        model.artifact().layer(1).groups[static_cast<std::size_t>(GroupKind::mlpIn)];
    const PlainLayer plain{group.input, group.linears[1]};
    const RowValues row = layer->row(3);
    std::vector<double> x;
    for (int j = 0; j < layer->cols(); ++j)
        x.push_back(std::sin(j + 1.0));
    double engine = 0.0, rows = 0.0; // y_i by HostLinear's formula on x'' = b x', and by the rows
    for (std::size_t j = 0; j < x.size(); ++j) {
        engine += (plain.stored(3, j) + plain.lowRank(3, j)) * x[j];
        rows += (double{row.stored[j]} + row.rotated[j] - row.residual[j]) * x[j];
    }
    QVERIFY(std::abs(engine - rows) < allowed);
}

void InspectionTest::histograms_share_bins_and_lose_nothing() {
    const ModelInspection model(at("full"), at("model"));
    const auto layer = model.layer({0, GroupKind::attnIn, 0});
    for (const auto units : {RowUnits::weight, RowUnits::levels}) {
        const ChannelView view = viewChannel(*layer, 5, units);
        for (const StageView* stage : {&view.original, &view.rotated, &view.residual}) {
            QCOMPARE(stage->histogram.low, view.low);
            QCOMPARE(stage->histogram.high, view.high);
            QCOMPARE(static_cast<int>(stage->histogram.counts.size()), histogramBins);
            QCOMPARE(stage->histogram.total(), layer->cols());
        }
        QCOMPARE(view.low, -view.high);
    }
    const RowValues row = layer->row(5);
    const ChannelView view = viewChannel(*layer, 5, RowUnits::weight);
    QCOMPARE(view.rotated.kurtosis, kurtosis(row.rotated));
    QCOMPARE(view.residual.binarisationError, binarisationError(row.residual));
    QCOMPARE(view.original.mixture.c, fitEqualMixture(row.original).c);
    QCOMPARE(view.error, row.error());
}

void InspectionTest::levels_put_the_stored_values_at_one() {
    const ModelInspection model(at("full"), at("model"));
    const auto layer = model.layer({0, GroupKind::mlpOut, 0});
    const ChannelView view = viewChannel(*layer, 7, RowUnits::levels);
    std::int64_t atOne = 0;
    for (int bin = 0; bin < histogramBins; ++bin)
        if (std::abs(std::abs(view.stored.centre(bin)) - 1.0) <= view.stored.binWidth())
            atOne += view.stored.counts[static_cast<std::size_t>(bin)];
    QCOMPARE(atOne, layer->cols());
    QCOMPARE(view.level, 1.0);
}

void InspectionTest::survey_agrees_with_its_rows() {
    const ModelInspection model(at("full"), at("model"));
    const LayerId id{1, GroupKind::mlpIn, 0};
    const auto layer = model.layer(id);
    const LayerSurvey survey = surveyLayer(id, *layer);
    double largest = 0.0;
    for (std::int64_t i = 0; i < layer->rows(); ++i)
        largest = std::max(largest, layer->row(i).error());
    QCOMPARE(layer->row(survey.worstChannel).error(), largest);
    QVERIFY(survey.plainError > 0.0 && survey.plainError <= largest);
    QCOMPARE(QString::fromStdString(layerName(survey.layer)),
             QString("model.layers.1.mlp.gate_proj"));
}

void InspectionTest::rounds_of_a_fit_rotate_the_original() {
    const ModelInspection model(at("bare"), at("model"));
    const auto layer = model.layer({0, GroupKind::attnIn, 0}); // 48 = 6 x 8
    std::vector<float> r1(36), r2(64);
    for (std::size_t i = 0; i < 6; ++i) // a rotation of rows 0 and 1, and a swap of columns
        r1[i * 7] = 1.0F;
    r1[0] = r1[7] = std::cos(0.3F);
    r1[1] = std::sin(0.3F);
    r1[6] = -std::sin(0.3F);
    for (std::size_t i = 0; i < 8; ++i)
        r2[i * 8 + (i + 1) % 8] = 1.0F;
    const auto turned = layer->rowDuringFit(2, KroneckerMap::forward(r1, r2, 6, 8));
    const auto exact = layer->rowDuringFit(2, KroneckerMap::inverse(r1, r2, 6, 8));
    const RowValues row = layer->row(2);
    double before = 0.0, after = 0.0;
    for (std::size_t j = 0; j < turned.size(); ++j) {
        QVERIFY2(std::abs(turned[j] - exact[j]) < 1e-6, "orthogonal: w R = w (R')^-1");
        before += double{row.original[j]} * row.original[j];
        after += double{turned[j]} * turned[j];
    }
    QVERIFY(std::abs(before - after) < 1e-6 && turned != row.original);
    QCOMPARE(turned[2 * 8 + 3], row.original[2 * 8 + 2]); // columns swapped, not rows
}

void InspectionTest::other_shape_is_refused_in_words() {
    TinyModel other;
    other.width = 96;
    other.headDim = 16;
    writeTinyFolder(at("other"), other);
    EXPECT_ERROR(ModelInspection(at("full"), at("other")), badArgument, "other has another shape");
    EXPECT_ERROR(ModelInspection(at("full"), at("nothing")), notFound, "nothing");
}

void InspectionTest::finds_the_original_beside_the_artifact() {
    const auto found = originalsBeside(at("full"));
    QCOMPARE(found.size(), std::size_t{1});
    QCOMPARE(found.front(), fs::absolute(at("model")));
}

QTEST_APPLESS_MAIN(InspectionTest)
#include "inspection_test.moc"
