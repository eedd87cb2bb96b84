// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/tokenizer.h"
#include "core/text/utf8.h"

#include <QtTest>

#include <random>

using namespace bwla;

namespace {

std::string replaced(std::string_view bytes) {
    Utf8Stream stream;
    std::string text = stream.add(bytes);
    return text + stream.finish();
}

std::string replacedByteByByte(std::string_view bytes) {
    Utf8Stream stream;
    std::string text;
    for (const char byte : bytes)
        text += stream.add({&byte, 1});
    return text + stream.finish();
}

} // namespace

class Utf8Test : public QObject {
    Q_OBJECT

private slots:
    void everyCharacterIsReadBack() {
        for (char32_t code = 0; code <= 0x10FFFF; ++code) {
            if (code >= 0xD800 && code <= 0xDFFF)
                continue;
            std::string bytes;
            appendUtf8(bytes, code);
            const Utf8Char read = firstUtf8Char(bytes + "x");
            const bool same = read.state == Utf8Char::State::whole && read.code == code &&
                              static_cast<std::size_t>(read.length) == bytes.size();
            if (!same)
                QFAIL(qPrintable(QString("U+%1").arg(static_cast<uint>(code), 0, 16)));
        }
    }

    void badBytesAreFound_data() {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<int>("offset");
        QTest::newRow("lone continuation") << QByteArray("ab\x80") << 2;
        QTest::newRow("overlong slash") << QByteArray("\xC0\xAF") << 0;
        QTest::newRow("overlong three bytes") << QByteArray("\xE0\x80\xAF") << 0;
        QTest::newRow("surrogate") << QByteArray("x\xED\xA0\x80") << 1;
        QTest::newRow("above U+10FFFF") << QByteArray("\xF4\x90\x80\x80") << 0;
        QTest::newRow("cut at the end") << QByteArray("caf\xC3") << 3;
        QTest::newRow("cut by a letter") << QByteArray("\xE2\x82z") << 0;
        QTest::newRow("byte that never occurs") << QByteArray("\xC3\xA9\xFF") << 2;
    }
    void badBytesAreFound() {
        QFETCH(QByteArray, bytes);
        QFETCH(int, offset);
        const auto bad = firstBadUtf8Byte({bytes.data(), static_cast<std::size_t>(bytes.size())});
        QVERIFY(bad.has_value());
        QCOMPARE(*bad, std::int64_t{offset});
    }

    void soundTextHasNoBadByte() {
        QVERIFY(!firstBadUtf8Byte("").has_value());
        QVERIFY(!firstBadUtf8Byte("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80").has_value());
    }

    /// The example of table 3-8 in the Unicode standard, chapter 3.
    void brokenBytesAreReplacedByMaximalSubparts() {
        const std::string r(replacementCharacter);
        QCOMPARE(replaced("a\xF1\x80\x80\xE1\x80\xC2"
                          "b\x80"
                          "c\x80\xBF"
                          "d"),
                 "a" + r + r + r + "b" + r + "c" + r + r + "d");
        QCOMPARE(replaced("\xED\xA0\x80\xF4\x91\x92"), r + r + r + r + r + r);
    }

    void streamingInAnyPortionsGivesTheSameSoundText() {
        std::mt19937 random(7);
        const std::string alphabet = "a\x80\xBF\xC3\xE2\xED\xA0\xF0\x9F\x98\xF4\x90\xFF";
        for (int round = 0; round < 20000; ++round) {
            std::string bytes;
            for (auto left = random() % 9; left > 0; --left)
                bytes += alphabet[random() % alphabet.size()];
            QCOMPARE(replacedByteByByte(bytes), replaced(bytes));
            QVERIFY(!firstBadUtf8Byte(replaced(bytes)));
            if (!firstBadUtf8Byte(bytes))
                QCOMPARE(replaced(bytes), bytes);
        }
    }

    void streamReleasesOnlyWholeCharacters() {
        Utf8Stream stream;
        QCOMPARE(stream.add("a\xF0\x9F"), std::string("a"));
        QCOMPARE(stream.add("\x98"), std::string());
        QCOMPARE(stream.add("\x80z"), std::string("\xF0\x9F\x98\x80z"));
        QCOMPARE(stream.finish(), std::string());
    }

    void streamReplacesWhatIsLeft() {
        Utf8Stream stream;
        QCOMPARE(stream.add("x\xE2\x82"), std::string("x"));
        QCOMPARE(stream.finish(), std::string(replacementCharacter));
        QCOMPARE(stream.finish(), std::string());
    }
};

QTEST_GUILESS_MAIN(Utf8Test)
#include "utf8_test.moc"
