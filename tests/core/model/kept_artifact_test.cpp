// SPDX-License-Identifier: GPL-3.0-or-later
//
// Artifacts that keep some groups in float: written, read, counted, and refused where configuration
// and tensors disagree.
#include "core/model/artifact.h"
#include "core/model/artifact_writer.h"
#include "core/model/half.h"
#include "core/model/kept_group.h"
#include "expect_error.h"
#include "tiny_model.h"
#include "tiny_quantized.h"

#include <QTemporaryDir>
#include <QTest>

using namespace bwla;
using namespace bwla::test;

namespace fs = std::filesystem;

class KeptArtifactTest : public QObject {
    Q_OBJECT
    QTemporaryDir directory_;
    std::unique_ptr<ModelSource> source_;
    fs::path written_;

    [[nodiscard]] fs::path at(const std::string& name) const {
        return fs::path(directory_.path().toStdString()) / name;
    }

    /// All of block 0, and the MLP's input of block 1.
    [[nodiscard]] static bool kept(std::int64_t layer, GroupKind kind) {
        return layer == 0 || kind == GroupKind::mlpIn;
    }

    [[nodiscard]] QuantizedBlock block(std::int64_t layer) const {
        QuantizedBlock result = randomBlock(source_->config(), layer);
        for (const InputGroup& g : groups())
            if (kept(layer, g.kind))
                result.groups[static_cast<std::size_t>(g.kind)] =
                    keptGroup(*source_, layer, g.kind);
        return result;
    }

    void write(const fs::path& out) const {
        writeArtifact(
            out, *source_, {}, [this](std::int64_t layer) { return block(layer); },
            [](const fs::path&) { return std::string("{}"); });
    }

    /// What opening a copy says whose quantization_config was changed.
    template<class Change>
    std::optional<Error> edited(Change change) {
        const fs::path copy = at("edited");
        fs::remove_all(copy);
        fs::copy(written_, copy);
        Json json = readJson(copy / "config.json");
        change(json["quantization_config"]);
        std::ofstream(copy / "config.json") << json.dump();
        return errorOf([&] { return Artifact::open(copy); });
    }

private Q_SLOTS:
    void initTestCase() {
        writeTinyFolder(at("model"));
        source_ = ModelSource::open(at("model"));
        written_ = at("written");
        write(written_);
    }

    void namesItsFloatLinearsAsHuggingFaceDoes() {
        const Json config = readJson(written_ / "config.json")["quantization_config"];
        QVERIFY(config["modules_to_not_convert"] ==
                Json::array({"model.embed_tokens", "model.layers.0.self_attn.q_proj",
                             "model.layers.0.self_attn.k_proj", "model.layers.0.self_attn.v_proj",
                             "model.layers.0.self_attn.o_proj", "model.layers.0.mlp.gate_proj",
                             "model.layers.0.mlp.up_proj", "model.layers.0.mlp.down_proj",
                             "model.layers.1.mlp.gate_proj", "model.layers.1.mlp.up_proj"}));
        QVERIFY(config["version"] == Json(1));
        QVERIFY(config["transform"]["factors"]["attn_in"] == Json::array({6, 8}));
        QVERIFY(config["transform"]["factors"]["mlp_in"].is_null()); // in no block
        QVERIFY(config["low_rank"]["attn_out"] == Json::array({0, 3}));
        QVERIFY(config["low_rank"]["mlp_in"] == Json(0));
    }

    void givesBackTheOriginalsWeights() {
        const auto artifact = Artifact::open(written_);
        artifact->checkHashes();
        QCOMPARE(artifact->format(), std::string("w1a6"));
        QCOMPARE(artifact->keptTypes(), std::vector<std::string>{"F16"});
        const auto original = floatWeights(*source_, WeightKind::f16);
        for (std::int64_t layer = 0; layer < 2; ++layer)
            for (const InputGroup& g : groups()) {
                const auto k = static_cast<std::size_t>(g.kind);
                const GroupWeights found = artifact->layer(layer).groups[k];
                QCOMPARE(artifact->isKept(layer, g.kind), kept(layer, g.kind));
                QCOMPARE(found.kept, kept(layer, g.kind));
                QCOMPARE(found.linears.size(), g.linears.size());
                if (!found.kept) {
                    QCOMPARE(found.linears[0].kind, WeightKind::binary);
                    continue;
                }
                const GroupWeights wanted = original->layer(layer).groups[k];
                QCOMPARE(found.input.cols, wanted.input.cols);
                QCOMPARE(found.input.factor1, std::int64_t{0});
                for (std::size_t i = 0; i < wanted.linears.size(); ++i) {
                    QCOMPARE(found.linears[i].kind, WeightKind::f16);
                    QCOMPARE(found.linears[i].rows, wanted.linears[i].rows);
                    QCOMPARE(found.linears[i].f16, wanted.linears[i].f16);
                }
            }
    }

    void typesOfTheOriginal_data() {
        QTest::addColumn<int>("source");
        QTest::addColumn<int>("kept");
        QTest::newRow("F32") << int(DType::f32) << int(DType::f16);
        QTest::newRow("F16") << int(DType::f16) << int(DType::f16);
        QTest::newRow("BF16") << int(DType::bf16) << int(DType::bf16);
        QTest::newRow("Q4_1") << int(DType::q4_1) << int(DType::f16);
    }
    void typesOfTheOriginal() {
        QFETCH(int, source);
        QFETCH(int, kept);
        const fs::path file = at("typed.gguf");
        writeTinyGguf(file, static_cast<DType>(source), TinyModel::wide());
        const auto model = ModelSource::open(file);
        const QuantizedGroup group = keptGroup(*model, 1, GroupKind::attnIn);
        QCOMPARE(group.kept.size(), std::size_t{3});
        QCOMPARE(static_cast<int>(group.kept[1].type), kept);
        const auto values = model->tensor("model.layers.1.self_attn.k_proj.weight");
        QCOMPARE(group.kept[1].weight.size(), values.size());
        for (std::size_t i = 0; i < values.size(); ++i) {
            const std::uint16_t bits = group.kept[1].weight[i];
            if (kept == int(DType::bf16))
                QCOMPARE(bfloat16ToFloat(bits), values[i]);
            else
                QCOMPARE(bits, floatToHalf(values[i]));
        }
    }

    void bfloat16StaysInTheFile() {
        writeTinyGguf(at("b.gguf"), DType::bf16, TinyModel::wide());
        const auto model = ModelSource::open(at("b.gguf"));
        writeArtifact(
            at("b"), *model, {},
            [&](std::int64_t layer) {
                QuantizedBlock result = randomBlock(model->config(), layer);
                if (layer == 1)
                    result.groups[3] = keptGroup(*model, 1, GroupKind::mlpOut);
                return result;
            },
            [](const fs::path&) { return std::string("{}"); });
        const auto artifact = Artifact::open(at("b"));
        QCOMPARE(artifact->keptTypes(), std::vector<std::string>{"BF16"});
        QCOMPARE(artifact->layer(1).groups[3].linears[0].f16,
                 floatWeights(*model, WeightKind::f16)->layer(1).groups[3].linears[0].f16);
    }

    /// Counted by hand: kept weights at 16 bits, apart from what the signs and their like cost.
    void ledgerCountsThemApart() {
        const BitsLedger bits = Artifact::open(written_)->ledger();
        const std::int64_t d = 48, f = 80, kv = 16;
        const std::int64_t whole = 2 * d * d + 2 * kv * d + 3 * f * d;
        QCOMPARE(bits.weights, 2 * whole);
        QCOMPARE(bits.keptWeights, whole + 2 * f * d);
        QCOMPARE(bits.keptBits, 16 * bits.keptWeights);
        QCOMPARE(bits.signBits, 32 * ((2 * d + 2 * kv) * 2 + d * 3));
        QCOMPARE(bits.clipBits, 16 * 2 * 3);
        const double apart =
            double(bits.linearBits() - bits.keptBits) / double(bits.weights - bits.keptWeights);
        QCOMPARE(bits.bitsPerQuantizedWeight(), apart);
        QVERIFY(bits.bitsPerWeight() > 8.0 && bits.bitsPerWeight() < 16.0);
        QCOMPARE(bits.linearBits() + bits.otherBits, Artifact::open(written_)->fileBytes() * 8);
    }

    void everyLinearMayBeKept() { // what the quantizer refuses, the format can hold
        writeArtifact(
            at("all"), *source_, {},
            [this](std::int64_t layer) {
                QuantizedBlock result = block(layer);
                for (const InputGroup& g : groups())
                    result.groups[static_cast<std::size_t>(g.kind)] =
                        keptGroup(*source_, layer, g.kind);
                return result;
            },
            [](const fs::path&) { return std::string("{}"); });
        const auto artifact = Artifact::open(at("all"));
        QCOMPARE(artifact->ledger().bitsPerWeight(), 16.0);
        QVERIFY(std::isnan(artifact->ledger().bitsPerQuantizedWeight()));
    }

    void configurationAndTensorsMustAgree() {
        const char* const key = "modules_to_not_convert";
        const auto erase = [&](Json& config, std::size_t from, std::size_t to) {
            Json& list = config[key];
            list.erase(list.begin() + static_cast<std::ptrdiff_t>(from),
                       list.begin() + static_cast<std::ptrdiff_t>(to));
        };
        auto error = edited([&](Json& config) { config.erase(key); });
        QVERIFY(is(error, ErrorCode::corrupt) && names(*error, key));
        error = edited([&](Json& config) { config[key] = "model.embed_tokens"; });
        QVERIFY(is(error, ErrorCode::corrupt) && names(*error, key));
        error = edited([&](Json& config) { erase(config, 2, 3); }); // k without q and v
        QVERIFY(is(error, ErrorCode::corrupt) && names(*error, "model.layers.0.attn_in"));
        error = edited([&](Json& config) { config[key].push_back("model.layers.7.mlp.up_proj"); });
        QVERIFY(is(error, ErrorCode::corrupt) && names(*error, "model.layers.7.mlp.up_proj"));
        error = edited([&](Json& config) { erase(config, 8, 10); }); // said to be quantized
        QVERIFY(is(error, ErrorCode::missingTensor) && names(*error, "model.layers.1.mlp_in"));
        error = edited([&](Json& config) { // said to be in float
            config[key].push_back("model.layers.1.mlp.down_proj");
            config["low_rank"]["mlp_out"] = 0;
        });
        QVERIFY(is(error, ErrorCode::missingTensor));
        QVERIFY(names(*error, "model.layers.1.mlp.down_proj.weight"));
        error = edited([&](Json& config) { config["low_rank"]["mlp_in"] = 2; });
        QVERIFY(is(error, ErrorCode::corrupt) && names(*error, "mlp_in"));
    }

    void weightsMustBeFinite() {
        QuantizedBlock broken = block(0);
        broken.groups[0].kept[0].weight[5] = 0x7C00;
        writeSafetensors(at("block.safetensors"), blockTensors(broken, 0));
        EXPECT_ERROR(
            readBlock(SafetensorsFile::open(at("block.safetensors")), 0, source_->config()),
            corrupt, "self_attn.q_proj.weight");
        TinyModel model;
        std::vector<NamedTensor> tensors;
        for (const ExpectedTensor& tensor : tinyTensors(model)) {
            auto values = tinyValues(tensor, model);
            if (tensor.name.ends_with("0.mlp.up_proj.weight"))
                values[3] = 70'000.0F;
            tensors.push_back(floatTensor(tensor, values));
        }
        fs::create_directories(at("large"));
        std::ofstream(at("large/config.json")) << prettyJson(tinyConfig(model));
        writeSafetensors(at("large/model.safetensors"), tensors);
        const auto large = ModelSource::open(at("large"));
        EXPECT_ERROR(keptGroup(*large, 0, GroupKind::mlpIn), numeric, "0.mlp.up_proj.weight");
    }
};

QTEST_GUILESS_MAIN(KeptArtifactTest)
#include "kept_artifact_test.moc"
