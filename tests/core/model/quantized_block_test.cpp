// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/half.h"
#include "core/model/llama_config.h"
#include "core/model/quantized_block.h"
#include "core/model/row_int8.h"
#include "expect_error.h"
#include "tiny_model.h"
#include "tiny_quantized.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <limits>

using namespace bwla;
using namespace bwla::test;

namespace fs = std::filesystem;

class QuantizedBlockTest : public QObject {
    Q_OBJECT

private:
    QTemporaryDir directory_;
    ModelConfig config_;

    fs::path file() const {
        return fs::path(directory_.path().toStdString()) / "block-00000.safetensors";
    }
    QuantizedBlock rewritten(const std::vector<NamedTensor>& tensors) const {
        writeSafetensors(file(), tensors);
        return readBlock(SafetensorsFile::open(file()), 4, config_);
    }
    /// Reads the block after one tensor was changed.
    template<class Change>
    QuantizedBlock changed(const std::string& name, Change change) const {
        auto tensors = blockTensors(randomBlock(config_, 0), 4);
        for (NamedTensor& tensor : tensors)
            if (tensor.name == "model.layers.4." + name)
                change(tensor);
        return rewritten(tensors);
    }
    template<class T>
    static void put(NamedTensor& tensor, std::size_t index, T value) {
        std::memcpy(tensor.bytes.data() + index * sizeof value, &value, sizeof value);
    }

private Q_SLOTS:
    void initTestCase() {
        const Json json = tinyConfig({});
        config_ = llamaConfig(JsonObject(json, "config.json"));
    }

    void survivesAFile() {
        for (const BlockShape shape : {BlockShape{}, BlockShape{0, false, false, false}}) {
            const QuantizedBlock block = randomBlock(config_, 0, shape);
            const QuantizedBlock found = rewritten(blockTensors(block, 4));
            const auto wanted = blockTensors(block, 4);
            const auto again = blockTensors(found, 4); // a block is its tensors
            QCOMPARE(again.size(), wanted.size());
            for (std::size_t i = 0; i < wanted.size(); ++i) {
                QCOMPARE(again[i].name, wanted[i].name);
                QCOMPARE(again[i].shape, wanted[i].shape);
                QVERIFY(again[i].bytes == wanted[i].bytes);
            }
        }
    }

    void namesAreThoseOfTheFormat() {
        std::vector<std::string> names;
        for (const NamedTensor& tensor : blockTensors(randomBlock(config_, 0), 4))
            names.push_back(tensor.name);
        QVERIFY(std::ranges::is_sorted(names));
        QCOMPARE(names.size(), std::size_t{4 * 8 + 7 * 5 + 2});
        for (const char* name :
             {"attn_in.transform_a", "attn_in.transform_a_scale", "attn_out.transform_b",
              "mlp_in.input_scale", "mlp_out.input_clip", "mlp_out.low_rank_b",
              "mlp_out.low_rank_b_scale", "self_attn.q_proj.weight_packed",
              "self_attn.o_proj.weight_scale", "mlp.down_proj.weight_mean",
              "mlp.gate_proj.low_rank_a", "mlp.up_proj.low_rank_a_scale", "input_layernorm.weight",
              "post_attention_layernorm.weight"})
            QVERIFY2(std::ranges::count(names, "model.layers.4." + std::string(name)) == 1, name);
    }

    /// Values of the host form, from the stored ones by hand.
    void hostFormHasTheStoredValues() {
        const QuantizedBlock block = randomBlock(config_, 0);
        const QuantizedGroup& group = block.groups[static_cast<std::size_t>(GroupKind::mlpOut)];
        const GroupWeights host = toHost(group);
        QCOMPARE(host.input.factor1, std::int64_t{8});
        QCOMPARE(host.input.factor2, std::int64_t{10});
        QCOMPARE(host.input.r2[11],
                 static_cast<float>(group.factorB.values[11]) * group.factorB.scale);
        QCOMPARE(host.input.columnScale[79], halfToFloat(group.inputScale[79]));
        QCOMPARE(host.input.clipHigh, halfToFloat(floatToHalf(0.9F)));
        QCOMPARE(host.input.lowRankB, group.lowRankB);
        QCOMPARE(host.linears[0].cols, std::int64_t{80});
        QCOMPARE(host.linears[0].rows, std::int64_t{48});
        QCOMPARE(host.linears[0].signs, group.linears[0].signs);
        QCOMPARE(host.linears[0].mean[3], halfToFloat(group.linears[0].mean[3]));
        QCOMPARE(host.linears[0].lowRankAScale[2], halfToFloat(group.linears[0].lowRankAScale[2]));
    }

    void everyTensorCounts() {
        const auto all = blockTensors(randomBlock(config_, 0), 4);
        for (const NamedTensor& victim : all) {
            std::vector<NamedTensor> rest;
            for (const NamedTensor& tensor : all)
                if (tensor.name != victim.name)
                    rest.push_back(tensor);
            const bool optional = victim.name.ends_with(".weight_mean") ||
                                  victim.name.ends_with(".input_scale") ||
                                  victim.name.ends_with(".low_rank_b");
            const auto error = errorOf([&] { return rewritten(rest); });
            if (optional) { // their absence means something: no mean, no scale, no low rank
                QVERIFY(!error);
                continue;
            }
            QVERIFY(error);
            QVERIFY(error->code == ErrorCode::missingTensor || error->code == ErrorCode::badShape);
            QVERIFY(names(*error, "model.layers.4."));
        }
    }

    void wrongShapesAndTypesAreNamed() {
        EXPECT_ERROR(changed("self_attn.q_proj.weight_packed",
                             [](NamedTensor& t) {
                                 t.shape = {96, 1};
                             }),
                     badShape, "q_proj.weight_packed");
        EXPECT_ERROR(
            changed("self_attn.q_proj.weight_packed", [](NamedTensor& t) { t.type = DType::f32; }),
            unsupportedType, "q_proj.weight_packed");
        EXPECT_ERROR(changed("attn_in.transform_a",
                             [](NamedTensor& t) {
                                 t.shape = {4, 9};
                             }),
                     badShape, "attn_in.transform_a");
        EXPECT_ERROR(changed("attn_in.transform_a",
                             [](NamedTensor& t) {
                                 t.shape = {4, 4};
                                 t.bytes.resize(16);
                             }),
                     badShape, "48 inputs");
        EXPECT_ERROR(changed("mlp_in.low_rank_b",
                             [](NamedTensor& t) {
                                 t.shape = {2, 72};
                             }),
                     badShape, "mlp_in.low_rank_b");
        EXPECT_ERROR(changed("mlp_in.input_clip",
                             [](NamedTensor& t) {
                                 t.shape = {1, 2};
                             }),
                     badShape, "input_clip");
    }

    void padBitsMustBeZero() {
        EXPECT_ERROR(changed("self_attn.k_proj.weight_packed",
                             [](NamedTensor& t) {
                                 put(t, 5, std::uint32_t{1} << 16U); // column 48 of row 2
                             }),
                     corrupt, "pad bits");
        (void)changed("self_attn.k_proj.weight_packed",
                      [](NamedTensor& t) { put(t, 5, std::uint32_t{1} << 15U); });
    }

    void numbersMustBeFinite() {
        for (const char* name :
             {"mlp.up_proj.weight_scale", "mlp.up_proj.weight_mean", "attn_in.input_scale",
              "attn_in.input_clip", "attn_in.low_rank_b_scale", "mlp.up_proj.low_rank_a_scale"})
            EXPECT_ERROR(changed(name, [](NamedTensor& t) { put(t, 1, floatToHalf(NAN)); }),
                         corrupt, name);
        EXPECT_ERROR(
            changed("input_layernorm.weight",
                    [](NamedTensor& t) { put(t, 0, std::numeric_limits<float>::infinity()); }),
            corrupt, "input_layernorm");
        EXPECT_ERROR(changed("mlp_out.transform_b_scale", [](NamedTensor& t) { put(t, 0, NAN); }),
                     corrupt, "transform_b_scale");
    }

    void rowsAreRoundedToTheNearestLevel() {
        const RowInt8 r =
            roundRows(std::vector<float>{127, -63.5F, 62.5F, 0.4F, 0, 0, 0, 0}, 4, "t");
        QCOMPARE(r.rows, std::int64_t{2});
        QCOMPARE(r.scale[0], floatToHalf(1.0F));
        QCOMPARE(r.values, (std::vector<std::int8_t>{127, -64, 62, 0, 0, 0, 0, 0}));
        QCOMPARE(r.scale[1], floatToHalf(0.0F));
        EXPECT_ERROR(roundRows(std::vector<float>{1, NAN}, 2, "the.head"), numeric, "the.head");
        EXPECT_ERROR(roundRows(std::vector<float>{1e9F, 1}, 2, "the.head"), numeric, "the.head");
    }
};

QTEST_GUILESS_MAIN(QuantizedBlockTest)
#include "quantized_block_test.moc"
