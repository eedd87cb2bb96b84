// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/engine/stop_strings.h"

#include <QtTest>

using namespace bwla;

class StopStringsTest : public QObject {
    Q_OBJECT

private slots:
    void endsBeforeTheFirst_data();
    void endsBeforeTheFirst();
    void showsWhatIsDecided();
};

void StopStringsTest::endsBeforeTheFirst_data() {
    QTest::addColumn<QList<QByteArray>>("stops");
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("shown");
    QTest::addColumn<bool>("found");
    using Stops = QList<QByteArray>;
    QTest::newRow("none") << Stops{} << QByteArray("a\n\nb") << QByteArray("a\n\nb") << false;
    QTest::newRow("empty") << Stops{""} << QByteArray("ab") << QByteArray("ab") << false;
    QTest::newRow("inside") << Stops{"\nQ:"} << QByteArray("8\nQ: 9") << QByteArray("8") << true;
    QTest::newRow("at the start") << Stops{"a"} << QByteArray("abc") << QByteArray() << true;
    QTest::newRow("begun only") << Stops{"END"} << QByteArray("the EN") << QByteArray("the EN")
                                << false;
    QTest::newRow("after a false start")
        << Stops{"aab"} << QByteArray("aaab!") << QByteArray("a") << true;
    QTest::newRow("the earliest wins")
        << Stops{"later", "so"} << QByteArray("so it is later") << QByteArray() << true;
    QTest::newRow("one begins inside another")
        << Stops{"abcd", "bc"} << QByteArray("xabce") << QByteArray("xa") << true;
    QTest::newRow("characters stay whole")
        << Stops{"é!"} << QByteArray("caféé?") << QByteArray("caféé?") << false;
}

void StopStringsTest::endsBeforeTheFirst() {
    QFETCH(QList<QByteArray>, stops);
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, shown);
    QFETCH(bool, found);
    std::vector<std::string> strings;
    for (const QByteArray& stop : stops)
        strings.push_back(stop.toStdString());
    for (qsizetype piece = 1; piece <= text.size(); ++piece) { // however the text arrives
        StopStrings filter(strings);
        std::string result;
        for (qsizetype at = 0; at < text.size(); at += piece)
            result += filter.add(text.mid(at, piece).toStdString());
        result += filter.finish();
        QCOMPARE(QByteArray::fromStdString(result), shown);
        QCOMPARE(filter.found(), found);
    }
}

void StopStringsTest::showsWhatIsDecided() {
    StopStrings filter({"\n\n"});
    QCOMPARE(filter.add("one\n"), "one"); // the newline may be half of a stop
    QCOMPARE(filter.add("two"), "\ntwo");
    QCOMPARE(filter.add("\n\nthree"), "");
    QVERIFY(filter.found());
    QCOMPARE(filter.add("four"), "");
    QCOMPARE(filter.finish(), "");
}

QTEST_GUILESS_MAIN(StopStringsTest)
#include "stop_strings_test.moc"
