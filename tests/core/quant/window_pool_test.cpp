// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/teacher_rows.h"

#include <QtTest>

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace bwla;

namespace {

constexpr std::uint64_t seed = 7;

/// So many windows of a file and self-written ones.
KlText text(int file, int self, double fileShare) {
    const std::vector<std::int32_t> window{1, 2};
    KlText text;
    text.file.assign(static_cast<std::size_t>(file), window);
    text.self.assign(static_cast<std::size_t>(self), window);
    text.fileShare = fileShare;
    return text;
}

/// How often each window is read in so many steps.
std::vector<std::int64_t> readings(const WindowPool& pool, std::int64_t steps, std::int64_t batch) {
    std::vector<std::int64_t> read(static_cast<std::size_t>(pool.size()));
    for (std::int64_t step = 0; step < steps; ++step)
        for (const std::int64_t window : pool.draw(batch, seed, step))
            ++read[static_cast<std::size_t>(window)];
    return read;
}

} // namespace

class WindowPoolTest : public QObject {
    Q_OBJECT

private slots:
    void noWindowIsReadAgainBeforeAllAre_data() {
        QTest::addColumn<int>("file");
        QTest::addColumn<int>("self");
        QTest::addColumn<double>("share");
        QTest::addColumn<int>("batch");
        QTest::newRow("a GPU's") << 97 << 420 << 0.05 << 8;
        QTest::newRow("a processor's") << 1456 << 256 << 0.5 << 1;
        QTest::newRow("one of each") << 1 << 1 << 0.5 << 3;
        QTest::newRow("file alone") << 12 << 0 << 1.0 << 4;
        QTest::newRow("self-written alone") << 0 << 12 << 0.0 << 4;
    }

    void noWindowIsReadAgainBeforeAllAre() {
        QFETCH(int, file);
        QFETCH(int, self);
        QFETCH(double, share);
        QFETCH(int, batch);
        const WindowPool pool(text(file, self, share), "cpu");
        const std::int64_t steps = 1000;
        const auto read = readings(pool, steps, batch);
        double ofFile = 0.0;
        for (int i = 0; i < file; ++i)
            ofFile += static_cast<double>(read[static_cast<std::size_t>(i)]);
        QVERIFY(std::abs(ofFile - share * static_cast<double>(steps * batch)) <= 1.0);
        for (const auto& [first, last] : {std::pair{0, file}, std::pair{file, file + self}}) {
            if (first == last)
                continue;
            const auto [least, most] =
                std::minmax_element(read.begin() + first, read.begin() + last);
            QVERIFY2(*most - *least <= 1, qPrintable(QString("%1 to %2").arg(*least).arg(*most)));
        }
    }

    void partOfAPassIsSpreadOverTheText() {
        const WindowPool pool(text(800, 0, 1.0), "cpu");
        const auto read = readings(pool, 100, 1);
        for (int eighth = 0; eighth < 8; ++eighth) {
            const auto first = read.begin() + eighth * 100;
            const std::int64_t count = std::accumulate(first, first + 100, std::int64_t{0});
            QVERIFY2(count >= 10 && count <= 15, qPrintable(QString::number(count)));
        }
    }

    void stepsAreTheSameWhoeverAsks() {
        const WindowPool pool(text(50, 70, 0.3), "cpu");
        for (const std::int64_t step : {0, 3, 1234}) {
            QCOMPARE(pool.draw(8, seed, step), pool.draw(8, seed, step));
            QVERIFY(pool.draw(8, seed, step) != pool.draw(8, seed + 1, step));
            QVERIFY(pool.draw(8, seed, step) != pool.draw(8, seed, step + 1));
        }
    }
};

QTEST_GUILESS_MAIN(WindowPoolTest)
#include "window_pool_test.moc"
