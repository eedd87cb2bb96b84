// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/llama_config.h"
#include "core/model/model_source.h"
#include "core/model/rope_frequencies.h"
#include "expect_error.h"
#include "tiny_model.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>

using namespace bwla;
using namespace bwla::test;

namespace fs = std::filesystem;

class LlamaConfigTest : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> directory_;

    fs::path at(const char* name) const {
        return fs::path(directory_->path().toStdString()) / name;
    }
    static ModelConfig parse(const Json& json) {
        return llamaConfig(JsonObject(json, "some/config.json"));
    }
    static ModelConfig changed(const char* key, const Json& value) {
        Json json = tinyConfig({});
        json[key] = value;
        return parse(json);
    }
    /// Opens the tiny GGUF after `change`.
    template<class Change>
    std::unique_ptr<ModelSource> gguf(Change change) {
        GgufBuilder builder = tinyGguf(DType::f32);
        change(builder);
        builder.write(at("tiny.gguf"));
        return ModelSource::open(at("tiny.gguf"));
    }

private Q_SLOTS:
    void init() { directory_ = std::make_unique<QTemporaryDir>(); }

    void leftOutMembersHaveTransformersDefaults() {
        Json json = tinyConfig({});
        for (const char* key : {"num_key_value_heads", "head_dim", "rms_norm_eps", "rope_theta",
                                "max_position_embeddings", "tie_word_embeddings", "hidden_act"})
            json.erase(key);
        json["head_dim"] = nullptr;
        const ModelConfig config = parse(json);
        QCOMPARE(config.kvHeads, std::int64_t{6});
        QCOMPARE(config.headDim, std::int64_t{8});
        QCOMPARE(config.normEpsilon, 1e-6F);
        QCOMPARE(config.ropeTheta, 10000.0);
        QCOMPARE(config.context, std::int64_t{2048});
        QVERIFY(!config.tiedHead);
    }

    void headsMayBeWiderThanTheModel() {
        const ModelConfig config = changed("head_dim", 16);
        QCOMPARE(config.groupInputs(GroupKind::attnOut), std::int64_t{96});
        QCOMPARE(config.linearOutputs(GroupKind::attnIn, 0), std::int64_t{96});
        QCOMPARE(config.linearOutputs(GroupKind::attnIn, 2), std::int64_t{32});
        QCOMPARE(config.linearOutputs(GroupKind::attnOut, 0), std::int64_t{48});
    }

    void unsupportedFamiliesAreNamed_data() {
        QTest::addColumn<QString>("key");
        QTest::addColumn<QString>("value");
        QTest::addColumn<QString>("culprit");
        QTest::newRow("architecture") << "architectures"
                                      << R"(["MambaForCausalLM"])"
                                      << "MambaForCausalLM";
        QTest::newRow("sliding window") << "sliding_window"
                                        << "128"
                                        << "sliding window";
        QTest::newRow("attention bias") << "attention_bias"
                                        << "true"
                                        << "biases";
        QTest::newRow("mlp bias") << "mlp_bias"
                                  << "true"
                                  << "biases";
        QTest::newRow("activation") << "hidden_act"
                                    << "\"gelu\""
                                    << "gelu";
        QTest::newRow("quantized") << "quantization_config"
                                   << R"({"quant_method":"awq"})"
                                   << "awq";
        QTest::newRow("rope") << "rope_scaling"
                              << R"({"rope_type":"yarn","factor":4.0})"
                              << "yarn";
        QTest::newRow("old rope") << "rope_scaling"
                                  << R"({"type":"dynamic","factor":4.0})"
                                  << "dynamic";
        QTest::newRow("partial rotary") << "partial_rotary_factor"
                                        << "0.5"
                                        << "partial rotary";
    }
    void unsupportedFamiliesAreNamed() {
        QFETCH(QString, key);
        QFETCH(QString, value);
        QFETCH(QString, culprit);
        EXPECT_ERROR(changed(key.toUtf8().constData(), Json::parse(value.toStdString())),
                     unsupportedFamily, culprit.toStdString());
    }

    void brokenConfigurationsAreNamed_data() {
        QTest::addColumn<QString>("key");
        QTest::addColumn<QString>("value");
        QTest::addColumn<int>("code");
        const auto row = [](const char* key, const char* value, ErrorCode code) {
            QTest::addRow("%s %s", key, value) << key << value << static_cast<int>(code);
        };
        row("hidden_size", "null", ErrorCode::corrupt);
        row("hidden_size", "0", ErrorCode::corrupt);
        row("hidden_size", "-48", ErrorCode::corrupt);
        row("hidden_size", "\"48\"", ErrorCode::corrupt);
        row("hidden_size", "48.5", ErrorCode::corrupt);
        row("hidden_size", "18446744073709551615", ErrorCode::corrupt);
        row("hidden_size", "1099511627776", ErrorCode::tooLarge);
        row("num_hidden_layers", "1000000", ErrorCode::tooLarge);
        row("vocab_size", "99999999", ErrorCode::tooLarge);
        row("head_dim", "7", ErrorCode::corrupt);
        row("head_dim", "2000000", ErrorCode::tooLarge);
        row("num_key_value_heads", "4", ErrorCode::corrupt);
        row("num_key_value_heads", "0", ErrorCode::corrupt);
        row("num_attention_heads", "0", ErrorCode::corrupt);
        row("rope_theta", "0", ErrorCode::corrupt);
        row("rms_norm_eps", "-1", ErrorCode::corrupt);
        row("tie_word_embeddings", "1", ErrorCode::corrupt);
    }
    void brokenConfigurationsAreNamed() {
        QFETCH(QString, key);
        QFETCH(QString, value);
        QFETCH(int, code);
        const auto error = errorOf(
            [&] { return changed(key.toUtf8().constData(), Json::parse(value.toStdString())); });
        QVERIFY(is(error, static_cast<ErrorCode>(code)));
        QVERIFY(names(*error, "config.json"));
        if (key != "num_key_value_heads") // its trouble may be with num_attention_heads
            QVERIFY(names(*error, key.toStdString()));
    }

    void mistralWithoutAWindowIsALlama() {
        Json json = tinyConfig({});
        json["architectures"] = Json::array({"MistralForCausalLM"});
        json["sliding_window"] = nullptr;
        QCOMPARE(parse(json).layers, std::int64_t{2});
        json["sliding_window"] = 256; // as long as the context: never cuts
        QCOMPARE(parse(json).layers, std::int64_t{2});
    }

    void unscaledFrequencies() {
        const auto frequencies = ropeFrequencies(8, 10000.0, JsonObject(Json(), "c"));
        QCOMPARE(frequencies, (std::vector<float>{1.0F, 0.1F, 0.01F, 0.001F}));
    }

    void linearScalingDividesAllFrequencies() {
        const Json scaling = {{"type", "linear"}, {"factor", 4.0}};
        const auto frequencies = ropeFrequencies(8, 10000.0, JsonObject(scaling, "c"));
        QCOMPARE(frequencies, (std::vector<float>{0.25F, 0.025F, 0.0025F, 0.00025F}));
    }

    /// Against transformers' rule in numpy (tests/goldens/tensor_goldens.py).
    void llama3ScalingIsMetas() {
        const Json golden = readJson(fs::path(BWLA_TEST_DATA) / "tensors_smollm2.json");
        for (const Json& row : golden["llama3"]) {
            const Json scaling = {{"rope_type", "llama3"},
                                  {"factor", row["factor"]},
                                  {"low_freq_factor", row["low"]},
                                  {"high_freq_factor", row["high"]},
                                  {"original_max_position_embeddings", row["original"]}};
            const auto headDim = row["head_dim"].get<std::int64_t>();
            const auto theta = row["theta"].get<double>();
            const auto found = ropeFrequencies(headDim, theta, JsonObject(scaling, "c"));
            QCOMPARE(found.size(), row["scaled"].size());
            std::vector<float> divisors;
            for (std::size_t i = 0; i < found.size(); ++i) {
                const auto wanted = row["scaled"][i].get<double>();
                QVERIFY(std::abs(found[i] - wanted) <= 1e-7 * wanted);
                divisors.push_back(static_cast<float>(row["plain"][i].get<double>() / wanted));
            }
            // GGUF stores the quotients: they must lead back to the same rule
            const Json again = ropeScalingOf(divisors, theta);
            QVERIFY(again["rope_type"] == "llama3");
            QVERIFY(again["factor"] == row["factor"]);
        }
    }

    void incompleteScalingIsAnError() {
        const Json scaling = {{"rope_type", "llama3"}, {"factor", 8.0}};
        EXPECT_ERROR(ropeFrequencies(8, 1e4, JsonObject(scaling, "c.json")), corrupt,
                     "low_freq_factor");
        const Json negative = {{"rope_type", "linear"}, {"factor", -1.0}};
        EXPECT_ERROR(ropeFrequencies(8, 1e4, JsonObject(negative, "c.json")), corrupt, "factor");
        const Json few = {{"rope_type", "divisors"}, {"divisors", {1.0, 2.0}}};
        EXPECT_ERROR(ropeFrequencies(8, 1e4, JsonObject(few, "c.json")), corrupt, "divisors");
    }

    void newerSpellingOfRope() {
        Json json = tinyConfig({});
        json.erase("rope_theta");
        json["rope_parameters"] = {{"rope_type", "linear"}, {"factor", 2.0}, {"rope_theta", 1e6}};
        const ModelConfig config = parse(json);
        QCOMPARE(config.ropeTheta, 1e6);
        QCOMPARE(config.inverseFrequencies[0], 0.5F);
    }

    void ggufRopeDivisorsReachTheConfiguration() {
        const auto source = gguf([](GgufBuilder& builder) {
            std::string data;
            for (const float divisor : {1.0F, 1.5F, 3.0F, 7.0F})
                data += GgufBuilder::plain(divisor);
            builder.tensors.push_back({"rope_freqs.weight", {4}, 0, data});
        });
        QCOMPARE(
            source->config().inverseFrequencies,
            (std::vector<float>{1.0F, static_cast<float>(0.1 / 1.5), static_cast<float>(0.01 / 3.0),
                                static_cast<float>(0.001 / 7.0)}));
        // and survive as base_config of an artifact
        const Json base = Json::parse(source->configJson());
        QCOMPARE(parse(base).inverseFrequencies, source->config().inverseFrequencies);
    }

    void ggufScalings() {
        const auto linear = gguf([](GgufBuilder& builder) {
            builder.text("llama.rope.scaling.type", "linear");
            builder.f32("llama.rope.scaling.factor", 2.0F);
        });
        QCOMPARE(linear->config().inverseFrequencies[0], 0.5F);
        EXPECT_ERROR(
            gguf([](GgufBuilder& builder) { builder.text("llama.rope.scaling.type", "yarn"); }),
            unsupportedFamily, "yarn");
    }

    void ggufVariantsThatAreNotComputedAreNamed() {
        EXPECT_ERROR(gguf([](GgufBuilder& b) { b.u32("llama.expert_count", 8); }),
                     unsupportedFamily, "mixture of experts");
        EXPECT_ERROR(gguf([](GgufBuilder& b) { b.u32("llama.rope.dimension_count", 4); }),
                     unsupportedFamily, "partial rotary");
        EXPECT_ERROR(gguf([](GgufBuilder& b) {
                         b.tensors.push_back({"blk.0.attn_q.bias", {4}, 0, std::string(16, 0)});
                     }),
                     unsupportedFamily, "biases");
    }

    void ggufOfAnotherArchitectureIsNamed() {
        GgufBuilder builder;
        builder.text("general.architecture", "mamba");
        builder.tensors = {{"token_embd.weight", {8}, 0, std::string(32, 0)}};
        builder.write(at("m.gguf"));
        EXPECT_ERROR(ModelSource::open(at("m.gguf")), unsupportedFamily, "mamba");
    }

    void ggufWithoutAKeyNamesIt() {
        GgufBuilder builder;
        builder.text("general.architecture", "llama");
        builder.u32("llama.embedding_length", 48);
        builder.u32("llama.attention.head_count", 6);
        builder.tensors = {{"token_embd.weight", {8}, 0, std::string(32, 0)}};
        builder.write(at("m.gguf"));
        EXPECT_ERROR(ModelSource::open(at("m.gguf")), corrupt, "llama.feed_forward_length");
        GgufBuilder bare;
        bare.write(at("bare.gguf"));
        EXPECT_ERROR(ModelSource::open(at("bare.gguf")), notAModel, "architecture");
    }
};

QTEST_GUILESS_MAIN(LlamaConfigTest)
#include "llama_config_test.moc"
