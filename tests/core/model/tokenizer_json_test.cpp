// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/tokenizer_json.h"
#include "expect_error.h"
#include "tiny_model.h"

#include <QTemporaryDir>
#include <QTest>

using namespace bwla;
using namespace bwla::test;

namespace fs = std::filesystem;

class TokenizerJsonTest : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> directory_;

    fs::path folder() const { return fs::path(directory_->path().toStdString()) / "model"; }

    static Json sound() { return tokenizerJson(tinyTokenizer()); }
    static TokenizerData parse(const Json& json) {
        return readTokenizerJson(Json::parse(json.dump()), "tokenizer.json"); // as from a file
    }
    static TokenizerData withSteps(const Json& steps) {
        Json json = sound();
        json["pre_tokenizer"] = steps;
        return parse(json);
    }
    static Json split(const char* regex) {
        return {{"type", "Split"},
                {"pattern", {{"Regex", regex}}},
                {"behavior", "Isolated"},
                {"invert", false}};
    }
    static Json byteLevel(bool useRegex) {
        return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", useRegex}};
    }
    static Json sequence(const Json& steps) {
        return {{"type", "Sequence"}, {"pretokenizers", steps}};
    }

    void settings(const Json& json) const {
        std::ofstream(folder() / "tokenizer_config.json") << json.dump();
    }
    TokenizerData opened() const { return ModelSource::open(folder())->tokenizer(); }

private Q_SLOTS:
    void init() {
        directory_ = std::make_unique<QTemporaryDir>();
        writeTinyFolder(folder());
    }

    void mergesInBothSpellings() {
        Json json = sound();
        const TokenizerData texts = parse(json);
        QCOMPARE(texts.merges.front(), std::string("Ġ t"));
        for (Json& merge : json["model"]["merges"]) {
            const std::string text = merge;
            const std::size_t space = text.find(' ');
            merge = Json::array({text.substr(0, space), text.substr(space + 1)});
        }
        QCOMPARE(parse(json).merges, texts.merges);
    }

    void preTokenizers() {
        TokenizerData data = withSteps(byteLevel(true));
        QCOMPARE(data.preTokenizer, std::string("gpt-2"));
        QVERIFY(!data.individualDigits && data.pattern.empty());

        data = withSteps(
            sequence({{{"type", "Digits"}, {"individual_digits", true}}, byteLevel(true)}));
        QCOMPARE(data.preTokenizer, std::string("gpt-2"));
        QVERIFY(data.individualDigits);

        data = withSteps(sequence({split("\\p{N}{1,3}|\\s"), byteLevel(false)}));
        QCOMPARE(data.pattern, std::string("\\p{N}{1,3}|\\s"));
        QCOMPARE(data.preTokenizer, std::string());
    }

    void whatIsNotComputedIsNamed() {
        Json json = sound();
        json["model"]["type"] = "Unigram";
        EXPECT_ERROR(parse(json), unsupportedTokenizer, "Unigram");
        json = sound();
        json["model"]["byte_fallback"] = true;
        EXPECT_ERROR(parse(json), unsupportedTokenizer, "byte fallback");
        json = sound();
        json["model"]["end_of_word_suffix"] = "</w>";
        EXPECT_ERROR(parse(json), unsupportedTokenizer, "end_of_word_suffix");
        json = sound();
        json["normalizer"] = {{"type", "NFC"}};
        EXPECT_ERROR(parse(json), unsupportedTokenizer, "NFC");
        json = sound();
        json["added_tokens"][1]["rstrip"] = true;
        EXPECT_ERROR(parse(json), unsupportedTokenizer, "<|im_start|>");
        EXPECT_ERROR(withSteps({{"type", "Metaspace"}}), unsupportedTokenizer, "Metaspace");
        EXPECT_ERROR(withSteps(nullptr), unsupportedTokenizer, "ByteLevel");
        EXPECT_ERROR(withSteps({{"type", "ByteLevel"}, {"add_prefix_space", true}}),
                     unsupportedTokenizer, "add_prefix_space");
        EXPECT_ERROR(withSteps(sequence({split("a"), split("b"), byteLevel(false)})),
                     unsupportedTokenizer, "more than once");
        EXPECT_ERROR(withSteps(sequence({split("a"), byteLevel(true)})), unsupportedTokenizer,
                     "regex");
        EXPECT_ERROR(withSteps(byteLevel(false)), unsupportedTokenizer, "regex");
        EXPECT_ERROR(withSteps({{"type", "Digits"}, {"individual_digits", false}}),
                     unsupportedTokenizer, "Digits");
    }

    void brokenVocabulary() {
        Json json = sound();
        json["model"].erase("vocab");
        EXPECT_ERROR(parse(json), corrupt, "vocab");
        json = sound();
        json["model"]["vocab"]["!"] = 1ULL << 60U;
        EXPECT_ERROR(parse(json), corrupt, "vocab");
        json = sound();
        json["model"]["vocab"]["!"] = -1;
        EXPECT_ERROR(parse(json), corrupt, "vocab");
        json = sound();
        json["model"]["vocab"]["!"] = json["model"]["vocab"]["\""];
        EXPECT_ERROR(parse(json), corrupt, "one id");
        json = sound();
        json["model"]["merges"][3] = 5;
        EXPECT_ERROR(parse(json), corrupt, "merges");
        EXPECT_ERROR(parse(Json::array()), corrupt, "model");
    }

    void specialsAndControls() {
        Json json = sound();
        json["added_tokens"][2]["special"] = false;
        json["added_tokens"].push_back({{"id", 300}, {"content", "<extra>"}, {"special", false}});
        const TokenizerData data = parse(json);
        QCOMPARE(data.special, (std::vector<std::int32_t>{0, 1, 2, 300}));
        QCOMPARE(data.control, (std::vector<std::int32_t>{0, 1}));
        QCOMPARE(data.tokens[300], std::string("<extra>"));
    }

    void bosFromThePostProcessor() {
        TokenizerData data = tinyTokenizer();
        QVERIFY(!parse(tokenizerJson(data)).addBos);
        data.addBos = true;
        const TokenizerData found = parse(tokenizerJson(data));
        QVERIFY(found.addBos);
        QCOMPARE(found.bos, 1);
    }

    void writtenSplitReadsBack() {
        TokenizerData data = tinyTokenizer();
        data.individualDigits = false;
        for (const char* name : {"llama-bpe", "qwen2"}) {
            data.preTokenizer = name;
            QVERIFY(!parse(tokenizerJson(data)).pattern.empty());
        }
        data.preTokenizer = "tekken";
        EXPECT_ERROR(tokenizerJson(data), unsupportedTokenizer, "tekken");
    }

    void chatTemplateInItsThreePlaces() {
        settings({{"chat_template", "plain"}});
        QCOMPARE(opened().chatTemplate, std::string("plain"));
        settings({{"chat_template",
                   {{{"name", "rag"}, {"template", "no"}},
                    {{"name", "default"}, {"template", "listed"}}}}});
        QCOMPARE(opened().chatTemplate, std::string("listed"));
        std::ofstream(folder() / "chat_template.jinja") << "file";
        QCOMPARE(opened().chatTemplate, std::string("file"));
    }

    void endsOfAnAnswer() {
        settings({{"eos_token", {{"content", "<|im_end|>"}}}});
        const auto generation = [&](const char* text) {
            std::ofstream(folder() / "generation_config.json") << text;
        };
        QCOMPARE(opened().eos, std::vector<std::int32_t>{2}); // config.json and settings agree
        generation(R"({"eos_token_id":[0,2]})");
        QCOMPARE(opened().eos, (std::vector<std::int32_t>{0, 2}));
        generation(R"({"eos_token_id":0})");
        QCOMPARE(opened().eos, (std::vector<std::int32_t>{0, 2}));
        generation(R"({"eos_token_id":999999})");
        QCOMPARE(opened().eos, std::vector<std::int32_t>{2});
    }

    void bosFromTheSettings() {
        settings({{"bos_token", "<|endoftext|>"}, {"add_bos_token", true}});
        QCOMPARE(opened().bos, 0);
        QVERIFY(opened().addBos);
        settings({{"bos_token", nullptr}});
        QCOMPARE(opened().bos, -1);
    }

    void missingTokenizerIsSaid() {
        fs::remove(folder() / "tokenizer.json");
        EXPECT_ERROR(opened(), missingTokenizer, folder().string());
        std::ofstream(folder() / "tokenizer.model") << "sentencepiece";
        EXPECT_ERROR(opened(), unsupportedTokenizer, "SentencePiece");
    }

    void companionsAreTheModelsOwnFiles() {
        std::ofstream(folder() / "LICENSE.txt") << "terms";
        std::ofstream(folder() / "generation_config.json") << "{}";
        std::ofstream(folder() / "notes.md") << "private";
        std::vector<std::string> names;
        for (const auto& [name, bytes] : ModelSource::open(folder())->companionFiles())
            names.push_back(name);
        QCOMPARE(names, (std::vector<std::string>{"LICENSE.txt", "generation_config.json",
                                                  "tokenizer.json", "tokenizer_config.json"}));
    }

    void ggufTokenizersThatAreNotReadAreNamed() {
        const fs::path file = fs::path(directory_->path().toStdString()) / "m.gguf";
        TinyModel model;
        model.withTokenizer = false;
        const auto with = [&](auto change) {
            GgufBuilder builder = tinyGguf(DType::f32, model);
            change(builder);
            builder.write(file);
            return ModelSource::open(file)->tokenizer();
        };
        EXPECT_ERROR(with([](GgufBuilder&) {}), missingTokenizer, "m.gguf");
        QVERIFY(ModelSource::open(file)->companionFiles().empty());
        EXPECT_ERROR(with([](GgufBuilder& b) { b.text("tokenizer.ggml.model", "llama"); }),
                     unsupportedTokenizer, "SentencePiece");
        EXPECT_ERROR(with([](GgufBuilder& b) { b.text("tokenizer.ggml.model", "rwkv"); }),
                     unsupportedTokenizer, "rwkv");
        EXPECT_ERROR(with([](GgufBuilder& b) {
                         b.text("tokenizer.ggml.model", "gpt2");
                         b.texts("tokenizer.ggml.tokens", {"a", "b"});
                         b.u32("tokenizer.ggml.eos_token_id", 2);
                     }),
                     corrupt, "eos_token_id");
        EXPECT_ERROR(with([](GgufBuilder& b) {
                         b.text("tokenizer.ggml.model", "gpt2");
                         b.texts("tokenizer.ggml.tokens", {"a", "b"});
                         b.integers("tokenizer.ggml.token_type", {1});
                     }),
                     corrupt, "token_type");
    }

    void ggufLlama3KeepsItsHabits() {
        const fs::path file = fs::path(directory_->path().toStdString()) / "m.gguf";
        TinyModel model;
        model.withTokenizer = false;
        GgufBuilder builder = tinyGguf(DType::f32, model);
        builder.text("tokenizer.ggml.model", "gpt2");
        builder.text("tokenizer.ggml.pre", "llama-bpe");
        builder.texts("tokenizer.ggml.tokens", {"<|begin|>", "<|end|>", "a", "<|eot_id|>", "<t>"});
        builder.integers("tokenizer.ggml.token_type", {3, 3, 1, 3, 4});
        builder.u32("tokenizer.ggml.bos_token_id", 0);
        builder.u32("tokenizer.ggml.eos_token_id", 1);
        builder.write(file);
        const TokenizerData data = ModelSource::open(file)->tokenizer();
        QVERIFY(data.addBos);
        QVERIFY(data.ignoreMerges);
        QCOMPARE(data.eos, (std::vector<std::int32_t>{1, 3}));
        QCOMPARE(data.special, (std::vector<std::int32_t>{0, 1, 3, 4}));
        QCOMPARE(data.control, (std::vector<std::int32_t>{0, 1, 3}));
    }
};

QTEST_GUILESS_MAIN(TokenizerJsonTest)
#include "tokenizer_json_test.moc"
