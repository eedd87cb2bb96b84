// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/error.h"
#include "core/model/model_source.h"
#include "core/model/model_weights.h"
#include "core/model/tensor_names.h"
#include "tiny_model.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>

using namespace bwla;
using namespace bwla::test;

class ModelSourceTest : public QObject {
    Q_OBJECT

private:
    QTemporaryDir directory_;
    std::filesystem::path at(const char* name) const {
        return std::filesystem::path(directory_.path().toStdString()) / name;
    }
    static double worstDifference(const std::vector<float>& a, const std::vector<float>& b) {
        double worst = a.size() == b.size() ? 0.0 : INFINITY;
        for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
            worst = std::max(worst, std::abs(double{a[i]} - b[i]));
        return worst;
    }

private Q_SLOTS:
    void folderGivesBackWhatWasWritten() {
        const TinyModel model;
        writeTinyFolder(at("folder"), model);
        const auto source = ModelSource::open(at("folder"));
        QCOMPARE(source->config().layers, model.layers);
        QCOMPARE(source->config().headDim, model.headDim);
        QCOMPARE(source->config().vocabulary, std::int64_t{300});
        QCOMPARE(source->dtypes(), std::vector<std::string>{"F32"});
        for (const ExpectedTensor& tensor : tinyTensors(model))
            QCOMPARE(source->tensor(tensor.name), tinyValues(tensor, model));
    }

    void ggufHasTheSameNamesRowsAndConfiguration_data() {
        QTest::addColumn<int>("type");
        QTest::addColumn<double>("tolerance");
        QTest::newRow("F32") << static_cast<int>(DType::f32) << 0.0;
        QTest::newRow("F16") << static_cast<int>(DType::f16) << 3e-4;
        QTest::newRow("BF16") << static_cast<int>(DType::bf16) << 4e-3;
        QTest::newRow("Q8_0") << static_cast<int>(DType::q8_0) << 3e-3;
        QTest::newRow("Q4_0") << static_cast<int>(DType::q4_0) << 8e-2;
        QTest::newRow("Q4_1") << static_cast<int>(DType::q4_1) << 5e-2;
    }
    void ggufHasTheSameNamesRowsAndConfiguration() {
        QFETCH(int, type);
        QFETCH(double, tolerance);
        const TinyModel model = TinyModel::wide();
        writeTinyGguf(at("tiny.gguf"), static_cast<DType>(type), model);
        const auto source = ModelSource::open(at("tiny.gguf"));
        QCOMPARE(source->config().name, std::string("tiny"));
        QCOMPARE(source->config().kvHeads, model.kvHeads);
        QVERIFY(source->config().tiedHead);
        QVERIFY(!source->has(headName));
        for (const ExpectedTensor& tensor : tinyTensors(model)) {
            const double worst =
                worstDifference(source->tensor(tensor.name), tinyValues(tensor, model));
            QVERIFY2(worst <= tolerance, (tensor.name + " " + std::to_string(worst)).c_str());
        }
    }

    void tokenizerIsTheSameFromFolderAndGguf() {
        writeTinyFolder(at("folder"));
        writeTinyGguf(at("tiny.gguf"), DType::f16);
        const TokenizerData wanted = tinyTokenizer();
        for (const char* name : {"folder", "tiny.gguf"}) {
            const TokenizerData found = ModelSource::open(at(name))->tokenizer();
            QCOMPARE(found.tokens, wanted.tokens);
            QCOMPARE(found.merges, wanted.merges);
            QCOMPARE(found.special, wanted.special);
            QCOMPARE(found.control, wanted.control);
            QCOMPARE(found.bos, wanted.bos);
            QCOMPARE(found.eos, wanted.eos);
            QCOMPARE(found.addBos, false);
            QCOMPARE(found.chatTemplate, wanted.chatTemplate);
        }
    }
};

QTEST_GUILESS_MAIN(ModelSourceTest)
#include "model_source_test.moc"
