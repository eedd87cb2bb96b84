// SPDX-License-Identifier: GPL-3.0-or-later
//
// The check of the kernels that train must find nothing wrong, on a GPU and on a processor with
// bfloat16 products. Where there is no kernel both sides are libtorch's, so there it is the check
// that is tested.
#include "core/quant/torch_training_check.h"
#include "tiny_model.h"

#include <QTemporaryDir>
#include <QTest>

#include <map>

using namespace bwla;
using namespace bwla::test;

class TrainingCheckTest : public QObject {
    Q_OBJECT

    static TrainingCheckResult checked(const TrainingCheckSettings& settings) {
        int events = 0;
        auto result = makeTorchTrainingCheck()->run(
            settings, [&](const TrainingCheckEvent&) { ++events; }, {});
        if (events != static_cast<int>(result.checks.size() + result.runs.size()))
            result = {};
        return result;
    }

private Q_SLOTS:
    void aGpuComputesWhatLibtorchDoes() {
        const TrainingCheckResult result = checked({});
        if (result.checks.empty())
            QSKIP("no NVIDIA GPU, or a libtorch without CUDA");
        for (const TrainingCheck& check : result.checks)
            QVERIFY2(check.ok, qPrintable(QString("%1: %2 (%3)")
                                              .arg(check.what.c_str())
                                              .arg(check.error)
                                              .arg(check.detail.c_str())));
    }

    /// bfloat16 against float32: some error everywhere where something is rounded, and a small one.
    void roundingIsAllThatDiffers() {
        QTemporaryDir folder;
        TinyModel tiny;
        tiny.context = 64;
        writeTinyFolder(folder.filePath("tiny").toStdString(), tiny);
        TrainingCheckSettings settings;
        settings.modelPath = folder.filePath("tiny").toStdString();
        settings.steps = 3;
        settings.device = "cpu";
        const TrainingCheckResult result = checked(settings);
        std::map<std::string, double> errors;
        for (const TrainingCheck& check : result.checks) {
            QVERIFY2(check.ok, qPrintable(QString("%1: %2 (%3)")
                                              .arg(check.what.c_str())
                                              .arg(check.error)
                                              .arg(check.detail.c_str())));
            QVERIFY2(check.error < 0.05,
                     qPrintable(QString("%1 %2").arg(check.what.c_str()).arg(check.error)));
            errors[check.what] = check.error;
        }
        for (const char* what :
             {"gated unit 256: gradient", "norm 576: gradient",
              "1-bit linear 576: gradient", "1-bit linear 50: gradient of low rank B",
              "heads 100: gradient", "KL of 49152: gradient", "random model A16: gradient of signs",
              "random model A6: gradient of low rank B",
              "random model A6: gradient of column scales"})
            QVERIFY2(errors.at(what) > 1e-6, what);
        QCOMPARE(result.runs.size(), 4U);
        for (const TrainingRun& run : result.runs) {
            QCOMPARE(run.kl.size(), 3U);
            const bool own = run.way.starts_with("own");
            QCOMPARE(run.kl, result.runs[own ? 0 : 2].kl);
            for (std::size_t step = 0; step < run.kl.size(); ++step)
                QVERIFY(std::abs(run.kl[step] / result.runs.front().kl[step] - 1.0) < 0.02);
        }
    }
};

QTEST_GUILESS_MAIN(TrainingCheckTest)
#include "training_check_test.moc"
