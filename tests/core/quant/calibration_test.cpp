// SPDX-License-Identifier: GPL-3.0-or-later
//
// Where calibration windows come from, and what the refinement reads, on a tiny model.
#include "core/quant/calibration.h"
#include "core/quant/kl_text.h"
#include "expect_error.h"
#include "tiny_model.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>

using namespace bwla;
using namespace bwla::test;

class CalibrationTest : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    std::unique_ptr<ModelSource> source_;
    std::string file_;

    [[nodiscard]] QuantizeSettings settings(const std::string& calibration, double share) const {
        QuantizeSettings s;
        s.calibration = calibration;
        s.tokens = 1024; // 16 windows of the model's 64
        s.fileShare = share;
        return s;
    }

    [[nodiscard]] Calibration calibration(const QuantizeSettings& s) const {
        return makeCalibration(*source_, s, {}, {});
    }

    /// Windows that stand in the text where the file's would.
    [[nodiscard]] std::int64_t ofTheFile(const Calibration& calibration) const {
        const auto text =
            windowsOf(calibrationText(*source_, settings(file_, 0.5)), source_->config().context,
                      static_cast<std::int64_t>(calibration.windows.size()));
        std::int64_t count = 0;
        for (const auto& window : calibration.windows)
            count += std::ranges::count(text, window);
        return count;
    }

private Q_SLOTS:
    void initTestCase() {
        TinyModel tiny;
        tiny.context = 64;
        const std::string path = folder_.filePath("tiny").toStdString();
        writeTinyFolder(path, tiny);
        source_ = ModelSource::open(path);
        QFile text(folder_.filePath("text.txt"));
        QVERIFY(text.open(QIODevice::WriteOnly));
        for (int i = 0; i < 2000; ++i) // no two windows alike
            text.write(QByteArray::number(i * 7919) + ' ');
        file_ = text.fileName().toStdString();
    }

    void theFilesShareIsAsAsked_data() {
        QTest::addColumn<double>("share");
        QTest::addColumn<int>("expected");
        QTest::newRow("half") << 0.5 << 8;
        QTest::newRow("seven in eight") << 0.875 << 14;
        QTest::newRow("all: one is left to the model") << 1.0 << 15;
        QTest::newRow("nothing: one is left to the file") << 0.0 << 1;
    }
    void theFilesShareIsAsAsked() {
        QFETCH(double, share);
        QFETCH(int, expected);
        const Calibration both = calibration(settings(file_ + "+self", share));
        QCOMPARE(both.windows.size(), std::size_t{16});
        QCOMPARE(both.tokens(), std::int64_t{1024});
        QCOMPARE(ofTheFile(both), std::int64_t{expected});
    }

    void oneSourceNeedsNoShare() {
        const Calibration file = calibration(settings(file_, 0.25));
        QCOMPARE(ofTheFile(file), std::int64_t{16});
        const Calibration self = calibration(settings("self", 0.25));
        QCOMPARE(self.windows.size(), std::size_t{16});
        QCOMPARE(ofTheFile(self), std::int64_t{0});
    }

    /// A file of fewer windows than its share: what there is, and more of the model's own.
    void theModelFillsUpAShortFile() {
        QFile text(folder_.filePath("some.txt"));
        QVERIFY(text.open(QIODevice::WriteOnly));
        QFile whole(QString::fromStdString(file_));
        QVERIFY(whole.open(QIODevice::ReadOnly));
        text.write(whole.read(600));
        text.close();
        const QuantizeSettings s = settings(text.fileName().toStdString() + "+self", 0.875);
        const auto there = static_cast<std::int64_t>(calibrationText(*source_, s).size()) / 64;
        QVERIFY(there >= 1 && there < 14);
        const Calibration both = calibration(s);
        QCOMPARE(both.windows.size(), std::size_t{16});
        QCOMPARE(ofTheFile(both), there);
    }

    void aShortFileIsNamed() {
        QFile text(folder_.filePath("short.txt"));
        QVERIFY(text.open(QIODevice::WriteOnly));
        text.write("a few words");
        text.close();
        EXPECT_ERROR(calibration(settings(text.fileName().toStdString() + "+self", 0.5)),
                     textTooShort, "short.txt");
    }

    /// The refinement reads no more of the file than its share, however long it is.
    void trainingReadsTheSameShare() {
        for (const double share : {0.5, 0.875}) {
            QuantizeSettings s = settings(file_ + "+self", share);
            s.refinement = Refinement::scales;
            const KlText text = makeKlText(*source_, s, {64, 256, 512, 0}, {}, {});
            QCOMPARE(text.fileShare, share);
            QVERIFY(!text.file.empty() && !text.self.empty());
        }
    }
};

QTEST_GUILESS_MAIN(CalibrationTest)
#include "calibration_test.moc"
