// SPDX-License-Identifier: GPL-3.0-or-later
//
// What is remembered of a device's kernels: read back as written, and nothing at all where a file
// is not what it should be.
#include "kernels/kernel_memory.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace bwla;

class KernelMemoryTest : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    const std::string path_ = (folder_.path() + "/made/here").toStdString();

    static KernelMemory written(const std::string& folder) {
        KernelMemory memory(folder, "device 7 | driver 9");
        memory.set("roof", "3990.5");
        memory.set("levels 5 x 7, 1 row", "12 3.5 gemv 128:8 x 40");
        memory.save();
        return memory;
    }

private slots:
    void factsComeBack() {
        const KernelMemory before = written(path_);
        const KernelMemory memory(path_, "device 7 | driver 9");
        QCOMPARE(memory.fact("roof"), std::string("3990.5"));
        QCOMPARE(memory.facts(), before.facts());
        QVERIFY(memory.fact("unknown").empty());
        QCOMPARE(QDir(QString::fromStdString(path_)).entryList(QDir::Files).size(), 1);
        const KernelMemory other(path_, "device 7 | driver 10");
        QVERIFY(other.facts().empty());
        QVERIFY(other.file() != memory.file());
    }

    void aFileThatIsNotOursIsEmpty_data() {
        QTest::addColumn<QByteArray>("from");
        QTest::addColumn<QByteArray>("to");
        QTest::newRow("another version") << QByteArray("kernels 1") << QByteArray("kernels 0");
        QTest::newRow("another device") << QByteArray("device 7") << QByteArray("device 8");
        QTest::newRow("cut") << QByteArray("\nend\n") << QByteArray("\n");
        QTest::newRow("cut in a line") << QByteArray(" 40\nroof\t3990.5\nend\n") << QByteArray();
        QTest::newRow("a line without a fact") << QByteArray("roof\t") << QByteArray("roof ");
        QTest::newRow("nothing") << QByteArray() << QByteArray();
    }
    void aFileThatIsNotOursIsEmpty() {
        QFETCH(QByteArray, from);
        QFETCH(QByteArray, to);
        QFile file(QString::fromStdString(written(path_).file()));
        QVERIFY(file.open(QFile::ReadOnly));
        QByteArray text = file.readAll();
        file.close();
        QVERIFY(text.contains(from));
        text = from.isEmpty() ? from : text.replace(from, to);
        QVERIFY(file.open(QFile::WriteOnly | QFile::Truncate));
        file.write(text);
        file.close();
        KernelMemory memory(path_, "device 7 | driver 9");
        QVERIFY(memory.facts().empty());
        memory.set("roof", "1");
        memory.save();
        QCOMPARE(KernelMemory(path_, "device 7 | driver 9").fact("roof"), std::string("1"));
    }

    void whereNothingCanBeKeptNothingIs() {
        for (const char* folder : {"", "/dev/null/kernels"}) {
            KernelMemory memory(folder, "device");
            memory.set("roof", "1");
            memory.save();
            QCOMPARE(memory.fact("roof"), std::string("1"));
            QVERIFY(KernelMemory(folder, "device").facts().empty());
        }
    }

    void aFactIsOneLine() {
        KernelMemory memory(path_, "device 7 | driver 9");
        memory.set("wrong", "two\nlines");
        QVERIFY(memory.fact("wrong").empty());
    }

    void theFolderIsTheUsersCache() {
        qputenv("BWLA_KERNEL_CACHE", "/somewhere");
        QCOMPARE(kernelCacheFolder(), std::string("/somewhere"));
        qunsetenv("BWLA_KERNEL_CACHE");
        qputenv("XDG_CACHE_HOME", "/cache");
        QCOMPARE(kernelCacheFolder(), std::string("/cache/bwla/kernels"));
        qputenv("XDG_CACHE_HOME", "relative"); // which the specification says to ignore
        qputenv("HOME", "/home/ann");
        QCOMPARE(kernelCacheFolder(), std::string("/home/ann/.cache/bwla/kernels"));
    }
};

QTEST_GUILESS_MAIN(KernelMemoryTest)
#include "kernel_memory_test.moc"
