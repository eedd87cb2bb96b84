// SPDX-License-Identifier: GPL-3.0-or-later
#include "artifact_fixture.h"
#include "core/model/artifact.h"
#include "core/model/artifact_writer.h"
#include "core/model/half.h"
#include "core/model/tensor_names.h"
#include "expect_error.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <set>

using namespace bwla;
using namespace bwla::test;

namespace fs = std::filesystem;

namespace {

bool same(const HostLinear& a, const HostLinear& b) {
    return a.kind == b.kind && a.rows == b.rows && a.cols == b.cols && a.signs == b.signs &&
           a.int8 == b.int8 && a.scale == b.scale && a.mean == b.mean && a.rank == b.rank &&
           a.lowRankA == b.lowRankA && a.lowRankAScale == b.lowRankAScale;
}

bool same(const HostInput& a, const HostInput& b) {
    return a.cols == b.cols && a.factor1 == b.factor1 && a.factor2 == b.factor2 && a.r1 == b.r1 &&
           a.r2 == b.r2 && a.columnScale == b.columnScale && a.clipLow == b.clipLow &&
           a.clipHigh == b.clipHigh && a.rank == b.rank && a.lowRankB == b.lowRankB &&
           a.lowRankBScale == b.lowRankBScale;
}

bool same(const GroupWeights& a, const GroupWeights& b) {
    bool equal = same(a.input, b.input) && a.linears.size() == b.linears.size();
    for (std::size_t i = 0; equal && i < a.linears.size(); ++i)
        equal = same(a.linears[i], b.linears[i]);
    return equal;
}

std::map<std::string, std::string> contents(const fs::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(folder))
        files[entry.path().filename().string()] = content(entry.path());
    return files;
}

} // namespace

class ArtifactTest : public QObject, ArtifactFixture {
    Q_OBJECT
    std::unique_ptr<QTemporaryDir> pristine_;

private Q_SLOTS:
    void init() { start(); }

    void givesBackWhatWasWritten_data() {
        QTest::addColumn<int>("rank");
        QTest::addColumn<bool>("rotation");
        QTest::addColumn<bool>("columnScale");
        QTest::addColumn<bool>("mean");
        QTest::addColumn<bool>("tied");
        QTest::newRow("everything") << 3 << true << true << true << true;
        QTest::newRow("bare") << 0 << false << false << false << false;
        QTest::newRow("as by default") << 12 << true << true << false << true;
    }
    void givesBackWhatWasWritten() {
        QFETCH(int, rank);
        QFETCH(bool, rotation);
        QFETCH(bool, columnScale);
        QFETCH(bool, mean);
        QFETCH(bool, tied);
        TinyModel model;
        model.tiedHead = tied;
        makeSource(model);
        const BlockShape shape{rank, rotation, columnScale, mean};
        const auto artifact = Artifact::open(write("out", shape));
        QCOMPARE(artifact->config().layers, model.layers);
        QCOMPARE(artifact->config().tiedHead, tied);
        QCOMPARE(artifact->activationBits(), 6);
        QCOMPARE(artifact->format(), std::string("w1a6"));
        QCOMPARE(artifact->recipeHash(), description_.recipeHash);
        for (std::int64_t layer = 0; layer < model.layers; ++layer) {
            const QuantizedBlock block = randomBlock(source_->config(), layer, shape);
            const LayerWeights found = artifact->layer(layer);
            for (std::size_t g = 0; g < groupCount; ++g)
                QVERIFY(same(found.groups[g], toHost(block.groups[g])));
            QCOMPARE(found.attnNorm, block.attnNorm);
            QCOMPARE(found.mlpNorm, block.mlpNorm);
        }
        QCOMPARE(artifact->finalNorm(), source_->tensor(finalNormName));
        artifact->checkHashes();
    }

    void embeddingsAndHeadAreWithinHalfAStep() {
        TinyModel model;
        model.tiedHead = false;
        makeSource(model);
        const auto artifact = Artifact::open(write("out"));
        for (const bool head : {false, true}) {
            const HostLinear table = head ? artifact->head() : artifact->embedding();
            const auto original = source_->tensor(head ? headName : embeddingName);
            QCOMPARE(table.kind, WeightKind::rowInt8);
            QCOMPARE(table.int8.size(), original.size());
            for (std::size_t i = 0; i < original.size(); ++i) {
                const float scale = table.scale[i / static_cast<std::size_t>(table.cols)];
                // the scale itself is rounded to a half: the largest value may miss by 127 / 2048
                QVERIFY(std::abs(static_cast<float>(table.int8[i]) * scale - original[i]) <=
                        0.5701F * scale);
            }
        }
    }

    void isAFolderThatStockLoadersRefuse() {
        const fs::path out = write("out");
        QVERIFY(Artifact::isArtifact(out));
        QVERIFY(!Artifact::isArtifact(at("model")));
        QVERIFY(!Artifact::isArtifact(at("nothing")));
        const Json config = readJson(out / "config.json");
        QVERIFY(config["model_type"] == Json("bwla"));
        QVERIFY(config["architectures"] == Json::array({"BwlaForCausalLM"}));
        QVERIFY(config["base_config"] == Json::parse(source_->configJson()));
        const Json& quantization = config["quantization_config"];
        QVERIFY(quantization["transform"]["factors"]["attn_in"] == Json::array({6, 8}));
        QVERIFY(quantization["transform"]["factors"]["mlp_out"] == Json::array({8, 10}));
        QVERIFY(quantization["low_rank"]["attn_out"] == Json(3));
        QVERIFY(quantization["activation"]["bits"] == Json(6));
        QVERIFY(quantization["modules_to_not_convert"] == Json::array({"model.embed_tokens"}));
        QVERIFY(quantization["recipe"]["preset"] == Json("fast"));
        EXPECT_ERROR(ModelSource::open(out), unsupportedFamily, "BwlaForCausalLM");
    }

    void sameInputGivesSameBytesAndNothingOfThisMachine() {
        const auto first = contents(write("one"));
        const auto second = contents(write("two"));
        QVERIFY(first == second);
        QCOMPARE(first.size(), std::size_t{5}); // + golden_probe, tokenizer, tokenizer_config
        for (const auto& [name, bytes] : first)
            QVERIFY2(bytes.find(directory_->path().toStdString()) == std::string::npos,
                     name.c_str());
        std::set<std::string> left;
        for (const auto& entry : fs::directory_iterator(directory_->path().toStdString()))
            left.insert(entry.path().filename().string());
        QCOMPARE(left, (std::set<std::string>{"model", "one", "two"}));
    }

    void shardsHoldTheSameTensors() {
        const auto whole = Artifact::open(write("whole"));
        description_.shardBytes = 20'000;
        const fs::path out = write("sharded");
        const auto sharded = Artifact::open(out);
        QVERIFY(!fs::exists(out / "model.safetensors"));
        std::size_t shards = 0;
        for (const auto& [name, bytes] : contents(out))
            if (name.starts_with("model-")) {
                ++shards;
                const auto file = SafetensorsFile::open(out / name);
                QVERIFY(static_cast<std::int64_t>(bytes.size()) - file.headerBytes() <= 20'000);
            }
        QVERIFY(shards > 1);
        QVERIFY(
            fs::exists(out / ("model-00001-of-0000" + std::to_string(shards) + ".safetensors")));
        QCOMPARE(sharded->tensorCount(), whole->tensorCount());
        sharded->checkHashes();
        QVERIFY(same(sharded->layer(1).groups[2], whole->layer(1).groups[2]));
        const Json index = readJson(out / "model.safetensors.index.json");
        QCOMPARE(index["weight_map"].size(), static_cast<std::size_t>(whole->tensorCount()));
    }

    /// Counted by hand from the shapes, and to the byte against the files.
    void ledgerAddsUpToTheFiles() {
        description_.shardBytes = 20'000;
        const fs::path out = write("out");
        const auto artifact = Artifact::open(out);
        const BitsLedger bits = artifact->ledger();
        const std::int64_t d = 48, f = 80, kv = 16, layers = 2, rank = 3;
        QCOMPARE(bits.weights, layers * (2 * d * d + 2 * kv * d + 3 * f * d));
        // 48 columns take 2 words, 80 take 3
        QCOMPARE(bits.signBits, layers * 32 * ((2 * d + 2 * kv + 2 * f) * 2 + d * 3));
        const std::int64_t rows = d + 2 * kv + d + 2 * f + d;
        QCOMPARE(bits.rowScaleBits, layers * 16 * rows);
        QCOMPARE(bits.rowMeanBits, layers * 16 * rows);
        QCOMPARE(bits.columnScaleBits, layers * 16 * (3 * d + f));
        QCOMPARE(bits.clipBits, layers * 16 * 2 * 4);
        QCOMPARE(bits.rotationBits, layers * (3 * (8 * (36 + 64) + 64) + 8 * (64 + 100) + 64));
        QCOMPARE(bits.lowRankBits, layers * (8 * rank * (rows + 3 * d + f) + 16 * rank * (7 + 4)));
        std::int64_t files = 0;
        for (const auto& [name, bytes] : contents(out))
            files += static_cast<std::int64_t>(bytes.size());
        QCOMPARE(artifact->fileBytes(), files);
        QCOMPARE(bits.linearBits() + bits.otherBits, files * 8);
        const std::int64_t tables = 300 * (48 * 8 + 16) + 32 * 48 * 5;
        QVERIFY(bits.otherBits > tables);
    }

    void tokenizerComesAlong() {
        const TokenizerData found = Artifact::open(write("out"))->tokenizer();
        QCOMPARE(found.tokens, tinyTokenizer().tokens);
        QCOMPARE(found.chatTemplate, tinyTokenizer().chatTemplate);
        QCOMPARE(found.eos, tinyTokenizer().eos);
    }

    void damagedTensorIsNamed() {
        const fs::path out = write("out");
        const auto file = SafetensorsFile::open(out / "model.safetensors");
        const std::string victim = "model.layers.1.mlp.up_proj.weight_packed";
        auto start = file.at(victim).bytes.data();
        for (const auto& [name, view] : file.tensors())
            start = std::min(start, view.bytes.data());
        const auto place = file.headerBytes() + (file.at(victim).bytes.data() - start) + 5;
        std::string bytes = content(out / "model.safetensors");
        bytes[static_cast<std::size_t>(place)] ^= 4;
        std::ofstream(out / "model.safetensors", std::ios::binary) << bytes;
        const auto artifact = Artifact::open(out);
        EXPECT_ERROR((artifact->checkHashes(), 0), hashMismatch, victim);
    }

    void configurationMustFitTheTensors_data() {
        QTest::addColumn<QString>("pointer");
        QTest::addColumn<QString>("value"); // empty = remove
        QTest::addColumn<int>("code");
        QTest::addColumn<QString>("culprit");
        const auto row = [](const char* name, const char* pointer, const char* value,
                            ErrorCode code, const char* culprit) {
            QTest::newRow(name) << pointer << value << static_cast<int>(code) << culprit;
        };
        row("no transform", "/quantization_config/transform", "", ErrorCode::corrupt, "transform");
        row("no kind", "/quantization_config/transform/kind", "", ErrorCode::corrupt, "kind");
        row("other kind", "/quantization_config/transform/kind", "\"hadamard\"", ErrorCode::corrupt,
            "kind");
        row("no factors", "/quantization_config/transform/factors", "", ErrorCode::corrupt,
            "factors");
        row("group without factors", "/quantization_config/transform/factors/mlp_in", "",
            ErrorCode::corrupt, "mlp_in");
        row("swapped factors", "/quantization_config/transform/factors/attn_in", "[8,6]",
            ErrorCode::badShape, "model.layers.0.attn_in.transform_a");
        row("wrong product", "/quantization_config/transform/factors/attn_in", "[6,7]",
            ErrorCode::corrupt, "attn_in");
        row("huge factors", "/quantization_config/transform/factors/attn_in",
            "[4294967296,4294967296]", ErrorCode::corrupt, "attn_in");
        row("no rotation said", "/quantization_config/transform/factors/attn_in", "null",
            ErrorCode::corrupt, "model.layers.0.attn_in.transform_a");
        row("other rank", "/quantization_config/low_rank/attn_in", "4", ErrorCode::badShape,
            "low_rank");
        row("rank of one layer", "/quantization_config/low_rank/attn_in", "[3]", ErrorCode::corrupt,
            "attn_in");
        row("no low rank said", "/quantization_config/low_rank/mlp_in", "0", ErrorCode::corrupt,
            "low_rank");
        row("version", "/quantization_config/version", "2", ErrorCode::unsupportedVersion,
            "version 2");
        row("method", "/quantization_config/quant_method", "\"gptq\"", ErrorCode::corrupt,
            "quant_method");
        row("bits", "/quantization_config/bits", "2", ErrorCode::corrupt, "bits");
        row("activation bits", "/quantization_config/activation/bits", "99", ErrorCode::corrupt,
            "bits");
        row("group bits", "/quantization_config/activation/groups",
            R"({"attn_in":9,"attn_out":4,"mlp_in":4,"mlp_out":4})", ErrorCode::corrupt, "attn_in");
        row("group bits of one layer", "/quantization_config/activation/groups",
            R"({"attn_in":4,"attn_out":[4],"mlp_in":4,"mlp_out":4})", ErrorCode::corrupt,
            "attn_out");
        row("group bits of three groups", "/quantization_config/activation/groups",
            R"({"attn_in":4,"attn_out":4,"mlp_in":4})", ErrorCode::corrupt, "mlp_out");
        row("no base", "/base_config", "", ErrorCode::corrupt, "base_config");
        row("other width", "/base_config/hidden_size", "96", ErrorCode::corrupt, "attn_in");
        row("other vocabulary", "/base_config/vocab_size", "301", ErrorCode::badShape,
            "embed_tokens");
        row("one layer less", "/base_config/num_hidden_layers", "1", ErrorCode::corrupt,
            "model.layers.1");
        row("one layer more", "/base_config/num_hidden_layers", "3", ErrorCode::missingTensor,
            "model.layers.2");
        row("no checksums", "/tensor_xxh3_128", "", ErrorCode::corrupt, "tensor_xxh3_128");
        row("one checksum less", "/tensor_xxh3_128/model.norm.weight", "", ErrorCode::corrupt,
            "model.norm.weight");
        row("one checksum more", "/tensor_xxh3_128/model.extra", "\"00\"", ErrorCode::missingTensor,
            "model.extra");
    }
    void configurationMustFitTheTensors() {
        QFETCH(QString, pointer);
        QFETCH(QString, value);
        QFETCH(int, code);
        QFETCH(QString, culprit);
        if (!pristine_) { // written once: every file of an artifact is synced, which takes time
            pristine_ = std::make_unique<QTemporaryDir>();
            fs::copy(write("pristine"), fs::path(pristine_->path().toStdString()) / "a");
        }
        const fs::path out = at("out");
        fs::copy(fs::path(pristine_->path().toStdString()) / "a", out);
        edit(out, [&](Json& json) {
            const Json::json_pointer place(pointer.toStdString());
            if (value.isEmpty())
                json[place.parent_pointer()].erase(place.back());
            else
                json[place] = Json::parse(value.toStdString());
        });
        const auto error = errorOf([&] { return Artifact::open(out); });
        QVERIFY(is(error, static_cast<ErrorCode>(code)));
        QVERIFY(names(*error, culprit.toStdString()));
    }

    void factorsOfAllLayersMustAgree() {
        const auto uneven = [&](std::int64_t layer) {
            BlockShape shape;
            shape.rotation = layer == 0;
            return randomBlock(source_->config(), layer, shape);
        };
        EXPECT_ERROR((writeArtifact(at("out"), *source_, description_, uneven,
                                    [](const fs::path&) { return std::string(); }),
                      0),
                     badArgument, "attn_in");
    }

    void ranksMayDifferFromLayerToLayer() {
        writeArtifact(
            at("out"), *source_, description_,
            [&](std::int64_t layer) {
                BlockShape shape;
                shape.rank = layer;
                return randomBlock(source_->config(), layer, shape);
            },
            [](const fs::path&) { return std::string("{}"); });
        const auto artifact = Artifact::open(at("out"));
        QCOMPARE(artifact->layer(0).groups[0].input.rank, std::int64_t{0});
        QCOMPARE(artifact->layer(1).groups[0].input.rank, std::int64_t{1});
    }

    void activationBitsMayDifferFromGroupToGroup() {
        ArtifactDescription description = description_;
        description.groupBits = {{{4, 8}, {6, 6}, {16, 4}, {8, 6}}};
        writeArtifact(
            at("out"), *source_, description,
            [&](std::int64_t layer) { return randomBlock(source_->config(), layer, {}); },
            [](const fs::path&) { return std::string("{}"); });
        const Json config = readJson(at("out") / "config.json");
        const Json& activation = config["quantization_config"]["activation"];
        QVERIFY(activation["bits"] == Json(6));
        QVERIFY(activation["groups"]["attn_in"] == Json::array({4, 8}));
        QVERIFY(activation["groups"]["attn_out"] == Json(6));
        const auto artifact = Artifact::open(at("out"));
        QCOMPARE(artifact->groupBits(), description.groupBits);
        for (std::size_t k = 0; k < groupCount; ++k)
            for (std::size_t layer = 0; layer < 2; ++layer)
                QCOMPARE(artifact->layer(static_cast<std::int64_t>(layer)).groups[k].activationBits,
                         description.groupBits[k][layer]);
        const auto plain = Artifact::open(write("plain"));
        QVERIFY(plain->groupBits()[0].empty());
        QCOMPARE(plain->layer(1).groups[2].activationBits, 0);
    }

    void whatIsNoArtifactIsRefused() {
        EXPECT_ERROR(Artifact::open(at("nothing")), notFound, at("nothing").string());
        EXPECT_ERROR(Artifact::open(at("model")), notAModel, at("model").string());
        const fs::path out = write("out");
        fs::remove(out / "model.safetensors");
        EXPECT_ERROR(Artifact::open(out), notAModel, out.string());
    }

    void truncatedTensorsAreRefused() {
        const fs::path out = write("out");
        fs::resize_file(out / "model.safetensors", fs::file_size(out / "model.safetensors") - 1);
        EXPECT_ERROR(Artifact::open(out), truncated, "model.safetensors");
    }
};

QTEST_GUILESS_MAIN(ArtifactTest)
#include "artifact_test.moc"
