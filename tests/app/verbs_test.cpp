// SPDX-License-Identifier: GPL-3.0-or-later
//
// The keys and the meaning of each verb's result, on the default model.
#include "program.h"
#include "real_model.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>

using bwla::test::bwla;
using bwla::test::Finished;
using bwla::test::keys;

namespace {

const QString tinyFolder = BWLA_TEST_DATA "/tiny_gqa_tied";

} // namespace

class VerbsTest : public QObject {
    Q_OBJECT
    const QString model_ = QString::fromStdString(bwla::test::realModel().string());

private slots:
    void infoDescribesTheModel();
    void infoWithoutTokenizer();
    void tokenizeGivesIds();
    void logitsAreTheWholeVocabularyOrTheTop();
    void weightsAndBitsChangeLogitsALittle();
    void chatAnswersTheSameWithTheSameSeed();
    void chatShowsItsPrompt();
    void rawPromptsAreSentAsTheyAre();
    void aConversationReadsTurns();
    void benchHasLlamaBenchTests();
    void perplexityOfAText();
    void divergenceFromItselfIsNothing();
};

void VerbsTest::infoDescribesTheModel() {
    const auto finished = bwla({"info", model_, "--json"});
    QVERIFY2(finished.exitCode == 0, finished.all());
    const auto json = finished.json();
    QCOMPARE(keys(json), (QStringList{"context", "dtypes", "family", "layers", "parameters",
                                      "template", "tokenizer", "width"}));
    QCOMPARE(json["family"].get<std::string>(), std::string("llama"));
    QCOMPARE(json["parameters"].get<long>(), 134'515'008L);
    QCOMPARE(json["layers"].get<int>(), 30);
    QCOMPARE(json["width"].get<int>(), 576);
    QCOMPARE(json["context"].get<int>(), 8192);
    QCOMPARE(json["dtypes"][0].get<std::string>(), std::string("Q4_1"));
    QVERIFY(json["template"].get<std::string>().find("<|im_start|>") != std::string::npos);
    QVERIFY(bwla({"info", model_}).out.contains("135 M"));
}

void VerbsTest::infoWithoutTokenizer() {
    const auto json = bwla({"info", tinyFolder, "--json"}).json();
    QVERIFY(json["tokenizer"].is_null());
    QVERIFY(json["template"].is_null());
}

void VerbsTest::tokenizeGivesIds() {
    const QString text = "<|im_start|>user\nHi<|im_end|>";
    const auto plain = bwla({"tokenize", model_, "--text", text, "--json"}).json();
    const auto special = bwla({"tokenize", model_, "--text", text, "--special", "--json"}).json();
    QCOMPARE(keys(plain), QStringList{"ids"});
    QVERIFY(plain["ids"].size() > special["ids"].size());
    QCOMPARE(special["ids"].front().get<int>(), 1);
    QCOMPARE(special["ids"].back().get<int>(), 2);
    QCOMPARE(bwla({"tokenize", model_, "--text", "", "--json"}).json()["ids"].size(), 0U);
}

void VerbsTest::logitsAreTheWholeVocabularyOrTheTop() {
    const auto all = bwla({"logits", tinyFolder, "--tokens", "1,2,3", "--json"}).json();
    QCOMPARE(keys(all), (QStringList{"logits", "tokens"}));
    const auto top =
        bwla({"logits", "--tokens", "1,2,3", "--top", "3", tinyFolder, "--json"}).json();
    QCOMPARE(keys(top), (QStringList{"tokens", "top"}));
    QCOMPARE(top["top"].size(), 3U);
    QCOMPARE(keys(top["top"][0]), (QStringList{"id", "logit"}));
    const auto logits = all["logits"].get<std::vector<double>>();
    const auto best = std::max_element(logits.begin(), logits.end());
    QCOMPARE(top["top"][0]["id"].get<long>(), best - logits.begin());
    QCOMPARE(top["top"][0]["logit"].get<double>(), *best);
    QVERIFY(top["top"][1]["logit"] <= top["top"][0]["logit"]);
}

void VerbsTest::weightsAndBitsChangeLogitsALittle() {
    const auto distance = [](const QStringList& options) {
        const QStringList command{"logits", tinyFolder, "--tokens", "5,6,7", "--json"};
        const auto exact = bwla(command + QStringList{"--weights", "f32"}).json()["logits"];
        const auto other = bwla(command + options).json()["logits"];
        double difference = 0.0;
        for (std::size_t i = 0; i < exact.size(); ++i)
            difference =
                std::max(difference, std::abs(exact[i].get<double>() - other[i].get<double>()));
        return difference;
    };
    const double half = distance({"--weights", "f16"});
    const double sixBits = distance({"--weights", "f32", "--activation-bits", "6"});
    QVERIFY(half > 0);
    QVERIFY(sixBits > half);
    QVERIFY(distance({"--weights", "f32", "--backend", "reference"}) < half);
}

void VerbsTest::chatAnswersTheSameWithTheSameSeed() {
    const QStringList command{"chat",         model_, "--prompt", "What is the capital of France?",
                              "--max-tokens", "12",   "--json"};
    const auto first = bwla(command + QStringList{"--temp", "1", "--seed", "5"});
    QVERIFY2(first.exitCode == 0, first.all());
    const auto json = first.json();
    QCOMPARE(keys(json),
             (QStringList{"prompt_tok_s", "prompt_tokens", "stop", "text", "tok_s", "tokens"}));
    QVERIFY(json["tok_s"].get<double>() > 0);
    const auto again = bwla(command + QStringList{"--temp", "1", "--seed", "5"}).json();
    QCOMPARE(again["text"].get<std::string>(), json["text"].get<std::string>());
    const auto likeliest = bwla(command + QStringList{"--temp", "0"}).json();
    QVERIFY(likeliest["text"].get<std::string>().find("Paris") != std::string::npos);
}

void VerbsTest::chatShowsItsPrompt() {
    const auto finished =
        bwla({"chat", model_, "--system", "Be brief.", "--prompt", "Hi", "--show-prompt"});
    QVERIFY2(finished.exitCode == 0, finished.all());
    QCOMPARE(finished.out, QByteArray("<|im_start|>system\nBe brief.<|im_end|>\n"
                                      "<|im_start|>user\nHi<|im_end|>\n"
                                      "<|im_start|>assistant\n\n"));
}

void VerbsTest::rawPromptsAreSentAsTheyAre() {
    const QStringList command{"chat", model_, "--raw", "--prompt", "1, 2, 3, 4,"};
    QCOMPARE(bwla(command + QStringList{"--show-prompt"}).out, QByteArray("1, 2, 3, 4,\n"));
    const auto finished = bwla(command + QStringList{"--temp", "0", "--max-tokens", "3"});
    QVERIFY2(finished.out.contains("5"), finished.all());
    QVERIFY2(finished.err.contains("tok/s"), finished.all());
}

void VerbsTest::aConversationReadsTurns() {
    const auto finished = bwla({"chat", model_, "--temp", "0", "--max-tokens", "16"},
                               "My name is Ada.\n\nWhat is my name?\n");
    QVERIFY2(finished.exitCode == 0, finished.all());
    QCOMPARE(finished.err.count("tok/s;"), 2); // an empty line is no turn
    QVERIFY2(finished.out.contains("Ada"), finished.all());
}

void VerbsTest::benchHasLlamaBenchTests() {
    const auto finished = bwla({"bench", model_, "-p", "16", "-n", "4", "-r", "2", "--json"});
    QVERIFY2(finished.exitCode == 0, finished.all());
    const auto json = finished.json();
    QCOMPARE(json.size(), 2U);
    for (const auto& row : json) {
        QCOMPARE(keys(row), (QStringList{"backend", "device", "format", "memory_bytes", "model",
                                         "stddev", "test", "tok_s"}));
        QVERIFY(row["tok_s"].get<double>() > 0);
        QVERIFY(row["memory_bytes"].get<long>() > 200'000'000L);
        QCOMPARE(row["format"].get<std::string>(), std::string("f16"));
    }
    QCOMPARE(json[0]["test"].get<std::string>(), std::string("pp16"));
    QCOMPARE(json[1]["test"].get<std::string>(), std::string("tg4"));
    const auto table = bwla({"bench", model_, "-p", "8", "-n", "0", "-r", "1"});
    QVERIFY2(table.out.contains("| pp8 "), table.all());
}

void VerbsTest::perplexityOfAText() {
    QTemporaryDir folder;
    const QString text = folder.filePath("text.txt");
    QFile file(text);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(QByteArray("The quick brown fox jumps over the lazy dog. ").repeated(150));
    file.close();
    const auto finished = bwla(
        {"eval", model_, "--ppl", text, "--protocol", "llamacpp-512", "--windows", "2", "--json"});
    QVERIFY2(finished.exitCode == 0, finished.all());
    const auto json = finished.json();
    QCOMPARE(keys(json), (QStringList{"activation_bits", "bits_file", "bits_linear", "data_sha256",
                                      "perplexity", "protocol", "stderr", "tokens"}));
    QCOMPARE(json["tokens"].get<int>(), 2 * 255);
    QCOMPARE(json["activation_bits"].get<int>(), 16);
    QCOMPARE(json["bits_linear"].get<double>(), 16.0);
    QCOMPARE(json["data_sha256"].get<std::string>().size(), 64U);
    QVERIFY(json["perplexity"].get<double>() > 1.0 && json["perplexity"].get<double>() < 1.5);
    bool progressed = false;
    for (const QByteArray& line : finished.errLines())
        progressed =
            progressed || keys(nlohmann::json::parse(line.toStdString())) ==
                              QStringList{"block", "blocks", "eta_s", "event", "fraction", "phase"};
    QVERIFY2(progressed, finished.all());
}

void VerbsTest::divergenceFromItselfIsNothing() {
    QTemporaryDir folder;
    const QString text = folder.filePath("text.txt");
    QFile file(text);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(QByteArray("One fish, two fish, red fish, blue fish. ").repeated(60));
    file.close();
    const auto json = bwla({"eval", model_, "--kld", text, "--reference", model_, "--protocol",
                            "llamacpp-512", "--windows", "1", "--json"})
                          .json();
    QCOMPARE(json["kl_mean"].get<double>(), 0.0);
    QCOMPARE(json["top_agreement"].get<double>(), 1.0);
    QCOMPARE(json["tokens"].get<int>(), 255);
}

QTEST_GUILESS_MAIN(VerbsTest)
#include "verbs_test.moc"
