// SPDX-License-Identifier: GPL-3.0-or-later
//
// How long bwla-studio takes from being started to its first paint, the loader, Qt and the store
// included. The goal is one second; ten times that fails.
#include <QElapsedTimer>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <vector>

class ColdStartBench : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void paintsSoon_data() {
        QTest::addColumn<bool>("kept");
        QTest::newRow("first start of all: the store is made") << false;
        QTest::newRow("a store that is there") << true;
    }

    void paintsSoon() {
        QFETCH(bool, kept);
        const QTemporaryDir folder;
        std::vector<qint64> times;
        for (int i = 0; i < starts; ++i)
            times.push_back(start(folder.filePath(kept ? "store" : QString::number(i))));
        if (kept)
            times.erase(times.begin()); // it made the store
        QVERIFY(std::ranges::all_of(times, [](qint64 time) { return time >= 0; }));
        const qint64 first = times.front();
        std::ranges::sort(times);
        qInfo("median %lld ms, first %lld, fastest %lld, slowest %lld",
              static_cast<long long>(times[times.size() / 2]), static_cast<long long>(first),
              static_cast<long long>(times.front()), static_cast<long long>(times.back()));
        QVERIFY(times[times.size() / 2] < 10 * goal);
    }

private:
    static constexpr int starts = 6;
    static constexpr qint64 goal = 1000; // milliseconds

    /// Milliseconds from the start of the process to its word that it painted; -1 = it said none.
    static qint64 start(const QString& folder) {
        QProcess program;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert("QT_QPA_PLATFORM", "offscreen");
        environment.insert("XDG_DATA_HOME", folder);
        environment.insert("HF_HUB_CACHE", folder + "/cache");
        environment.insert("BWLA_STORE", folder + "/studio.sqlite");
        program.setProcessEnvironment(environment);
        QElapsedTimer timer;
        timer.start();
        program.start(BWLA_BINARY_DIR "/bwla-studio", {"--measure-start"});
        while (!program.canReadLine())
            if (!program.waitForReadyRead(30'000))
                return -1;
        const qint64 elapsed = timer.elapsed();
        const bool painted = program.readLine().trimmed() == "painted";
        program.waitForFinished();
        return painted && program.exitCode() == 0 ? elapsed : -1;
    }
};

QTEST_GUILESS_MAIN(ColdStartBench)
#include "cold_start_bench_test.moc"
