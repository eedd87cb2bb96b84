// SPDX-License-Identifier: GPL-3.0-or-later
//
// The default model through the reader, against what numpy decodes
// (tests/goldens/tensor_goldens.py).
#include "core/model/half.h"
#include "core/model/json_text.h"
#include "core/model/model_source.h"
#include "core/model/model_weights.h"
#include "core/model/tensor_names.h"
#include "core/model/tokenizer_json.h"
#include "real_model.h"

#include <QTest>

#include <algorithm>
#include <cmath>

using namespace bwla;

class RealModelTest : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<ModelSource> model_;
    Json golden_;

private Q_SLOTS:
    void initTestCase() {
        model_ = ModelSource::open(test::realModel());
        golden_ = readJson(std::filesystem::path(BWLA_TEST_DATA) / "tensors_smollm2.json");
    }

    void configuration() {
        const ModelConfig& config = model_->config();
        QCOMPARE(config.family, std::string("llama"));
        QCOMPARE(config.layers, std::int64_t{30});
        QCOMPARE(config.width, std::int64_t{576});
        QCOMPARE(config.feedForward, std::int64_t{1536});
        QCOMPARE(config.heads, std::int64_t{9});
        QCOMPARE(config.kvHeads, std::int64_t{3});
        QCOMPARE(config.headDim, std::int64_t{64});
        QCOMPARE(config.vocabulary, std::int64_t{49152});
        QCOMPARE(config.context, std::int64_t{8192});
        QCOMPARE(config.normEpsilon, 1e-5F);
        QCOMPARE(config.ropeTheta, 100000.0);
        QVERIFY(config.tiedHead);
        QCOMPARE(config.decoderWeights(), std::int64_t{106168320});
        QCOMPARE(config.parameters(), std::int64_t{134515008});
        QCOMPARE(config.inverseFrequencies.size(), std::size_t{32});
        QCOMPARE(config.inverseFrequencies[0], 1.0F);
        QCOMPARE(config.inverseFrequencies[16], static_cast<float>(1.0 / std::sqrt(100000.0)));
        QCOMPARE(model_->dtypes(), std::vector<std::string>{"Q4_1"});
        QCOMPARE(model_->type(embeddingName), DType::q8_0);
        QCOMPARE(model_->type(finalNormName), DType::f32);
    }

    /// Every value is a product and a sum of small integers and halves in float32: equal to the
    /// bit.
    void tensorsAreWhatNumpyDecodes() {
        for (const auto& [name, golden] : golden_["tensors"].items()) {
            const auto values = model_->tensor(name);
            std::int64_t count = 1;
            for (const Json& side : golden["shape"])
                count *= side.get<std::int64_t>();
            QCOMPARE(static_cast<std::int64_t>(values.size()), count);
            for (std::size_t i = 0; i < golden["index"].size(); ++i)
                QVERIFY(double{values[golden["index"][i].get<std::size_t>()]} ==
                        golden["values"][i].get<double>());
            double sum = 0.0, squares = 0.0;
            for (const float value : values) {
                sum += value;
                squares += double{value} * value;
            }
            const double wanted = golden["squares"].get<double>();
            QVERIFY(std::abs(squares - wanted) < 1e-9 * wanted);
            QVERIFY(std::abs(sum - golden["sum"].get<double>()) < 1e-9 * wanted + 1e-6);
        }
    }

    void tokenizer() {
        const TokenizerData data = model_->tokenizer();
        QCOMPARE(data.tokens.size(), std::size_t{49152});
        QCOMPARE(data.merges.size(), std::size_t{48900});
        QCOMPARE(data.tokens[1], std::string("<|im_start|>"));
        QCOMPARE(data.special.size(), std::size_t{17});
        QCOMPARE(data.bos, 1);
        QCOMPARE(data.eos, std::vector<std::int32_t>{2});
        QVERIFY(!data.addBos);
        QCOMPARE(data.preTokenizer, std::string("smollm"));
        QVERIFY(data.chatTemplate.starts_with("{% for message in messages %}"));
    }

    void writtenTokenizerReadsBackTheSame() {
        const TokenizerData data = model_->tokenizer();
        for (const auto& [name, bytes] : model_->companionFiles())
            if (name == "tokenizer.json") {
                const TokenizerData again = readTokenizerJson(parseJson(bytes, name), name);
                QCOMPARE(again.tokens, data.tokens);
                QCOMPARE(again.merges, data.merges);
                QCOMPARE(again.special, data.special);
                QCOMPARE(again.control, data.control);
                QVERIFY(again.individualDigits);
                QCOMPARE(again.preTokenizer, std::string("gpt-2"));
                return;
            }
        QFAIL("no tokenizer.json");
    }

    void fingerprintNamesTheContent() {
        const std::string print = model_->fingerprint();
        QCOMPARE(print.size(), std::size_t{32});
        QCOMPARE(ModelSource::open(test::realModel())->fingerprint(), print);
    }

    void floatWeightsAreTheRoundedTensors() {
        const auto f32 = floatWeights(*model_, WeightKind::f32);
        const auto f16 = floatWeights(*model_, WeightKind::f16);
        QCOMPARE(f32->format(), std::string("f32"));
        QCOMPARE(f16->activationBits(), 16);
        const LayerWeights exact = f32->layer(7);
        const LayerWeights rounded = f16->layer(7);
        const auto group = static_cast<std::size_t>(GroupKind::attnIn);
        QCOMPARE(exact.groups[group].linears.size(), std::size_t{3});
        for (int i = 0; i < 3; ++i) {
            const auto at = static_cast<std::size_t>(i);
            const HostLinear& a = exact.groups[group].linears[at];
            const HostLinear& b = rounded.groups[group].linears[at];
            QCOMPARE(a.f32, model_->tensor(linearName(7, GroupKind::attnIn, i)));
            QVERIFY(b.f32.empty());
            QCOMPARE(b.f16.size(), a.f32.size());
            for (std::size_t k = 0; k < a.f32.size(); ++k)
                QCOMPARE(b.f16[k], floatToHalf(a.f32[k]));
        }
        const auto down = static_cast<std::size_t>(GroupKind::mlpOut);
        QCOMPARE(exact.groups[down].input.cols, std::int64_t{1536});
        QCOMPARE(exact.groups[down].input.factor1, std::int64_t{0});
        QCOMPARE(exact.attnNorm, model_->tensor(attnNormName(7)));
    }
};

QTEST_GUILESS_MAIN(RealModelTest)
#include "real_model_test.moc"
