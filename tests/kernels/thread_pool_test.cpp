// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/cpu/thread_pool.h"

#include <QTest>

#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <stdexcept>

using namespace bwla;

class ThreadPoolTest : public QObject {
    Q_OBJECT

private slots:
    void everyIndexRunsOnce_data() {
        QTest::addColumn<int>("threads");
        for (const int threads : {1, 2, 3, 8})
            QTest::addRow("%d threads", threads) << threads;
    }

    void everyIndexRunsOnce() {
        QFETCH(int, threads);
        ThreadPool pool(threads);
        QCOMPARE(pool.threads(), threads);
        for (int loop = 0; loop < 2000; ++loop) {
            const std::int64_t count = loop % 23;
            std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count));
            pool.forEach(count, [&](std::int64_t index) { ++visits[std::size_t(index)]; });
            for (const auto& visit : visits)
                QCOMPARE(visit.load(), 1);
        }
    }

    void aSystemWithoutThreadsLeavesTheWorkToThoseThatAreThere() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        QSKIP("A sanitizer reserves more addresses than any limit leaves.");
#endif
        std::ifstream statm("/proc/self/statm"); // pages of address space in use, first
        rlim_t pages = 0;
        statm >> pages;
        rlimit before{};
        QCOMPARE(getrlimit(RLIMIT_AS, &before), 0);
        constexpr rlim_t page = 4096, room = rlim_t{100} << 20; // stacks take 8 MiB each
        const rlimit tight{pages * page + room, before.rlim_max};
        QCOMPARE(setrlimit(RLIMIT_AS, &tight), 0);
        ThreadPool pool(500);
        QCOMPARE(setrlimit(RLIMIT_AS, &before), 0);
        QVERIFY(pool.threads() >= 1 && pool.threads() < 500);
        std::atomic<std::int64_t> sum{0};
        pool.forEach(100, [&](std::int64_t index) { sum += index; });
        QCOMPARE(sum.load(), 4950);
    }

    void sleepingWorkersWake() {
        ThreadPool pool(3);
        for (int loop = 0; loop < 20; ++loop) {
            std::this_thread::sleep_for(std::chrono::milliseconds(2)); // past the spin
            std::atomic<std::int64_t> sum{0};
            pool.forEach(100, [&](std::int64_t index) { sum += index; });
            QCOMPARE(sum.load(), 4950);
        }
    }

    void anExceptionArrivesAndThePoolLivesOn() {
        ThreadPool pool(2);
        for (int loop = 0; loop < 50; ++loop) {
            std::atomic<int> finished{0};
            const auto body = [&](std::int64_t index) {
                if (index == loop)
                    throw std::runtime_error("chunk");
                ++finished;
            };
            QVERIFY_EXCEPTION_THROWN(pool.forEach(50, body), std::runtime_error);
            QCOMPARE(finished.load(), 49);
        }
    }
};

QTEST_GUILESS_MAIN(ThreadPoolTest)
#include "thread_pool_test.moc"
