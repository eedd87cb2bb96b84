// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/error.h"
#include "core/model/model_source.h"
#include "core/text/byte_alphabet.h"
#include "core/text/tokenizer.h"
#include "core/text/utf8.h"
#include "real_model.h"

#include <QtTest>

#include <nlohmann/json.hpp>

#include <fstream>
#include <functional>
#include <random>
#include <set>

using namespace bwla;
using Ids = std::vector<std::int32_t>;

namespace {

TokenizerData realData() {
    static const TokenizerData data = ModelSource::open(test::realModel())->tokenizer();
    return data;
}

/// The byte alphabet, then `more`; merges as given.
TokenizerData tinyData(const std::vector<std::string>& more, std::vector<std::string> merges) {
    TokenizerData data;
    const ByteAlphabet alphabet;
    for (int byte = 0; byte < 256; ++byte)
        data.tokens.push_back(alphabet.written(static_cast<unsigned char>(byte)));
    data.tokens.insert(data.tokens.end(), more.begin(), more.end());
    data.merges = std::move(merges);
    data.preTokenizer = "gpt-2";
    return data;
}

ErrorCode errorOf(const std::function<void()>& action, std::string* detail = nullptr) {
    try {
        action();
    } catch (const Error& error) {
        if (detail)
            *detail = error.detail;
        return error.code;
    }
    throw std::runtime_error("no error");
}

std::string randomText(std::mt19937& random) {
    std::string text;
    for (auto left = random() % 40; left > 0; --left) {
        char32_t code = random() % 3 ? random() % 0x250 : random() % 0x30000;
        const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
        appendUtf8(text, surrogate ? U' ' : code);
    }
    return text;
}

} // namespace

class TokenizerTest : public QObject {
    Q_OBJECT

    nlohmann::json golden_;

    Ids goldenIds(const std::string& variant, std::size_t index) const {
        const auto& changed = golden_["ids"][variant];
        const auto key = std::to_string(index);
        return changed.is_object() && changed.contains(key)
                   ? changed[key].get<Ids>()
                   : golden_["ids"]["smollm"][index].get<Ids>();
    }

    void compareWithGolden(const Tokenizer& tokenizer, const std::string& variant,
                           bool parseSpecial) const {
        const auto& texts = golden_["texts"];
        QVERIFY(texts.size() > 400);
        for (std::size_t i = 0; i < texts.size(); ++i) {
            const auto text = texts[i].get<std::string>();
            if (tokenizer.encode(text, parseSpecial) != goldenIds(variant, i))
                QFAIL(qPrintable(QString::fromStdString(variant + ": " + texts[i].dump())));
        }
    }

private slots:
    void initTestCase() {
        std::ifstream file(BWLA_TEST_DATA "/tokenizer_smollm2.json");
        golden_ = nlohmann::json::parse(file);
    }

    void defaultModelEqualsGolden() {
        const Tokenizer tokenizer(realData());
        compareWithGolden(tokenizer, "smollm", true);
        compareWithGolden(tokenizer, "smollm, no specials", false);
    }

    void otherPreTokenizersEqualGolden_data() {
        QTest::addColumn<QString>("name");
        for (const char* name : {"gpt-2", "llama-bpe", "qwen2"})
            QTest::newRow(name) << name;
    }
    void otherPreTokenizersEqualGolden() {
        QFETCH(QString, name);
        TokenizerData data = realData();
        data.preTokenizer = name.toStdString();
        data.pattern.clear();
        data.individualDigits = false;
        compareWithGolden(Tokenizer(data), data.preTokenizer, true);
    }

    void ownPatternEqualsGolden() {
        TokenizerData data = realData();
        data.preTokenizer.clear();
        data.pattern = golden_["own_pattern"];
        data.individualDigits = false;
        compareWithGolden(Tokenizer(data), "own", true);
        data.individualDigits = true;
        compareWithGolden(Tokenizer(data), "own digits", true);
    }

    void decodingGivesTheTextBack() {
        const TokenizerData data = realData();
        const Tokenizer tokenizer(data);
        // Bytes that the default model's vocabulary lacks are dropped by every implementation.
        const std::set<std::string> tokens(data.tokens.begin(), data.tokens.end());
        const ByteAlphabet alphabet;
        const auto known = [&](char byte) {
            return tokens.contains(alphabet.written(static_cast<unsigned char>(byte)));
        };
        std::mt19937 random(11);
        int whole = 0;
        for (int round = 0; round < 3000; ++round) {
            const std::string text = randomText(random);
            std::string expected;
            std::copy_if(text.begin(), text.end(), std::back_inserter(expected), known);
            whole += expected == text;
            QCOMPARE(tokenizer.decode(tokenizer.encode(text, false)), expected);
        }
        QVERIFY(whole > 1000);
    }

    void specialTextIsOrdinaryUnlessAskedFor() {
        const Tokenizer tokenizer(realData());
        QCOMPARE(tokenizer.encode("<|im_end|>", true), (Ids{2}));
        const Ids typed = tokenizer.encode("<|im_end|>", false);
        QVERIFY(typed.size() > 1);
        QCOMPARE(tokenizer.decode(typed), std::string("<|im_end|>"));
        QCOMPARE(tokenizer.piece(2), std::string());
        QVERIFY(tokenizer.endsAnswer(2));
        QVERIFY(!tokenizer.endsAnswer(17));
        QCOMPARE(tokenizer.vocabulary(), std::int64_t{49152});
        QCOMPARE(tokenizer.piece(-1) + tokenizer.piece(49152), std::string());
    }

    void longestSpecialTokenWins() {
        TokenizerData data = tinyData({"<a>", "<a><b>", "<b>"}, {});
        data.special = {256, 257, 258};
        data.control = {256};
        const Tokenizer tokenizer(std::move(data));
        QCOMPARE(tokenizer.encode("<a><b><b>x<a>", true), (Ids{257, 258, 'x', 256}));
        QCOMPARE(tokenizer.decode(Ids{257, 258, 'x', 256}), std::string("<a><b><b>x"));
    }

    void lowestRankThenLeftmostMergesFirst() {
        const Tokenizer tokenizer(
            tinyData({"bc", "ab", "abc", "aa"}, {"b c", "a b", "ab c", "a a"}));
        QCOMPARE(tokenizer.encode("abc", false), (Ids{'a', 256})); // "b c" is better than "a b"
        QCOMPARE(tokenizer.encode("ab", false), (Ids{257}));
        QCOMPARE(tokenizer.encode("aaaaa", false), (Ids{259, 259, 'a'}));
    }

    void wholeWordsSkipMergesIfTheModelSaysSo() {
        TokenizerData data = tinyData({"ab", "bc", "abc"}, {"a b", "b c"});
        QCOMPARE(Tokenizer(data).encode("abc", false), (Ids{256, 'c'}));
        data.ignoreMerges = true;
        QCOMPARE(Tokenizer(data).encode("abc", false), (Ids{258}));
        QCOMPARE(Tokenizer(data).encode("abcb", false), (Ids{256, 'c', 'b'}));
        data.special = {258}; // typed text must not become a special token
        QCOMPARE(Tokenizer(data).encode("abc", false), (Ids{256, 'c'}));
    }

    void aWordOfAMillionBytesEnds() {
        const Tokenizer tokenizer(realData());
        const std::string word(1 << 20, 'a');
        QCOMPARE(tokenizer.decode(tokenizer.encode(word, true)), word);
        const std::string gap(1 << 20, ' ');
        QCOMPARE(tokenizer.decode(tokenizer.encode(gap, true)), gap);
    }

    void invalidUtf8IsRefusedWithItsOffset() {
        const Tokenizer tokenizer(realData());
        try {
            (void)tokenizer.encode("caf\xC3\xA9 \xFFx", false);
            QFAIL("accepted");
        } catch (const Error& error) {
            QCOMPARE(error.code, ErrorCode::badText);
            QCOMPARE(error.offset, std::int64_t{6});
        }
    }

    void unknownPreTokenizerIsNamed() {
        TokenizerData data = tinyData({}, {});
        data.preTokenizer = "chatglm-bpe";
        std::string detail;
        QCOMPARE(errorOf([&] { Tokenizer{data}; }, &detail), ErrorCode::unsupportedTokenizer);
        QVERIFY(detail.find("chatglm-bpe") != std::string::npos);
        data.preTokenizer.clear();
        QCOMPARE(errorOf([&] { Tokenizer{data}; }), ErrorCode::unsupportedTokenizer);
    }

    void badPatternIsReportedWithTheReason() {
        TokenizerData data = tinyData({}, {});
        data.pattern = "(unclosed";
        std::string detail;
        QCOMPARE(errorOf([&] { Tokenizer{data}; }, &detail), ErrorCode::unsupportedTokenizer);
        QVERIFY(detail.find("(unclosed") != std::string::npos);
        QVERIFY(detail.find("parenthes") != std::string::npos);
    }

    void patternThatNeverFinishesIsRefused() {
        TokenizerData data = tinyData({}, {});
        data.pattern = "(a+)+$";
        const Tokenizer tokenizer(std::move(data));
        const std::string text = std::string(60, 'a') + "b";
        QCOMPARE(errorOf([&] { (void)tokenizer.encode(text, false); }),
                 ErrorCode::unsupportedTokenizer);
    }

    void brokenMergesAndIdsAreCorrupt() {
        for (const char* merge : {"a", "a ", " b", "a q\xC4\x82x", "a b"}) {
            const TokenizerData data = tinyData({}, {merge});
            QCOMPARE(errorOf([&] { Tokenizer{data}; }), ErrorCode::corrupt);
        }
        TokenizerData data = tinyData({}, {});
        data.special = {256};
        QCOMPARE(errorOf([&] { Tokenizer{data}; }), ErrorCode::corrupt);
    }

    void splitCharactersStreamWhole() {
        const Tokenizer tokenizer(realData());
        const std::string text = "naïve 🎉 漢字 👩🏽‍🚀 end";
        Utf8Stream stream;
        std::string shown;
        bool heldBack = false;
        for (const std::int32_t id : tokenizer.encode(text, false)) {
            const std::string released = stream.add(tokenizer.piece(id));
            QVERIFY(!firstBadUtf8Byte(released));
            heldBack |= released.empty();
            shown += released;
        }
        QVERIFY(heldBack);
        QCOMPARE(shown + stream.finish(), text);
    }
};

QTEST_GUILESS_MAIN(TokenizerTest)
#include "tokenizer_test.moc"
