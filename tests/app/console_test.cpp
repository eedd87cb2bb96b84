// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/console.h"
#include "app/cli/text.h"

#include <QTest>

#include <iostream>
#include <limits>
#include <sstream>

using namespace bwla;

namespace {

/// Takes what a stream prints while it lives.
class Captured {
public:
    explicit Captured(std::ostream& stream)
        : stream_(stream), before_(stream.rdbuf(text_.rdbuf())) {}
    ~Captured() { stream_.rdbuf(before_); }
    Captured(const Captured&) = delete;
    Captured& operator=(const Captured&) = delete;
    [[nodiscard]] std::string text() const { return text_.str(); }

private:
    std::ostream& stream_;
    std::ostringstream text_;
    std::streambuf* before_;
};

Error damagedTensor() {
    return Error(ErrorCode::hashMismatch).in("model.safetensors").of("model.norm.weight");
}

} // namespace

class ConsoleTest : public QObject {
    Q_OBJECT

private slots:
    void numbersThatAreNoneBecomeNull();
    void brokenTextStillPrints();
    void keysKeepTheirOrder();
    void failureNamesTheCulpritOnOneLine();
    void failureIsADocumentWithJson();
    void progressIsSilentInAFile();
    void progressIsLinesOfJson();
    void unitsChangeAtThousands();
    void durations();
    void tablesAlignAcrossUtf8();
};

void ConsoleTest::numbersThatAreNoneBecomeNull() {
    const Captured out(std::cout);
    Console(true).document({{"nan", std::numeric_limits<double>::quiet_NaN()},
                            {"up", std::numeric_limits<double>::infinity()},
                            {"down", -std::numeric_limits<float>::infinity()},
                            {"half", 0.5}});
    const auto parsed = nlohmann::json::parse(out.text());
    QVERIFY(parsed["nan"].is_null());
    QVERIFY(parsed["up"].is_null());
    QVERIFY(parsed["down"].is_null());
    QCOMPARE(parsed["half"].get<double>(), 0.5);
}

void ConsoleTest::brokenTextStillPrints() {
    const Captured out(std::cout);
    Console(true).document({{"text", "half a character: \xE2\x82"}});
    const auto parsed = nlohmann::json::parse(out.text());
    QVERIFY(parsed["text"].get<std::string>().starts_with("half a character: "));
}

void ConsoleTest::keysKeepTheirOrder() {
    const Captured out(std::cout);
    Console(true).document({{"zebra", 1}, {"ant", 2}});
    QVERIFY(out.text().find("zebra") < out.text().find("ant"));
}

void ConsoleTest::failureNamesTheCulpritOnOneLine() {
    const Captured out(std::cout);
    const Captured err(std::cerr);
    Console(false).failure(Error(ErrorCode::notFound).in("two\nlines.gguf"));
    QCOMPARE(out.text(), std::string());
    QCOMPARE(err.text(), std::string("Cannot open two lines.gguf: no such file.\n"));
}

void ConsoleTest::failureIsADocumentWithJson() {
    const Captured out(std::cout);
    const Captured err(std::cerr);
    Console(true).failure(damagedTensor());
    const auto error = nlohmann::json::parse(out.text())["error"];
    QCOMPARE(error["code"].get<std::string>(), std::string("hash_mismatch"));
    QCOMPARE(error["file"].get<std::string>(), std::string("model.safetensors"));
    QCOMPARE(error["tensor"].get<std::string>(), std::string("model.norm.weight"));
    QCOMPARE(error["message"].get<std::string>() + "\n", err.text());
}

// The test's stderr is a file or a pipe under ctest; on a terminal there is nothing to check.
void ConsoleTest::progressIsSilentInAFile() {
    const Captured err(std::cerr);
    if (isatty(STDERR_FILENO) == 1)
        QSKIP("stderr is a terminal");
    Progress progress;
    progress.phase = "fit";
    Console(false).progress(progress);
    QCOMPARE(err.text(), std::string());
}

void ConsoleTest::progressIsLinesOfJson() {
    const Captured err(std::cerr);
    Console console(true);
    Progress progress;
    progress.phase = "calibrate";
    progress.fraction = 0.25;
    console.progress(progress);
    progress.phase = "fit";
    progress.block = 3;
    progress.blocks = 30;
    progress.etaSeconds = 12.5;
    console.progress(progress);
    std::istringstream lines(err.text());
    std::string line;
    std::getline(lines, line);
    const auto first = nlohmann::json::parse(line);
    QCOMPARE(first["event"].get<std::string>(), std::string("progress"));
    QVERIFY(first["block"].is_null());
    QVERIFY(first["eta_s"].is_null());
    std::getline(lines, line);
    const auto second = nlohmann::json::parse(line);
    QCOMPARE(second["phase"].get<std::string>(), std::string("fit"));
    QCOMPARE(second["block"].get<int>(), 3);
    QCOMPARE(second["blocks"].get<int>(), 30);
    QCOMPARE(second["eta_s"].get<double>(), 12.5);
}

void ConsoleTest::unitsChangeAtThousands() {
    QCOMPARE(bytesText(0), std::string("0 B"));
    QCOMPARE(bytesText(999), std::string("999 B"));
    QCOMPARE(bytesText(98'362'432), std::string("98.4 MB"));
    QCOMPARE(bytesText(999'999), std::string("1.0 MB"));
    QCOMPARE(countText(134'515'008), std::string("135 M"));
    QCOMPARE(countText(12), std::string("12"));
}

void ConsoleTest::durations() {
    QCOMPARE(durationText(0.4), std::string("0 s"));
    QCOMPARE(durationText(59.6), std::string("1 min 0 s"));
    QCOMPARE(durationText(3725.0), std::string("1 h 2 min"));
}

void ConsoleTest::tablesAlignAcrossUtf8() {
    const std::string table = markdownTable({"test", "t/s"}, {{"pp512", "1 ± 2"}, {"tg8", "x"}});
    QCOMPARE(table, std::string("| test  | t/s   |\n"
                                "| ----- | ----- |\n"
                                "| pp512 | 1 ± 2 |\n"
                                "| tg8   | x     |"));
}

QTEST_GUILESS_MAIN(ConsoleTest)
#include "console_test.moc"
