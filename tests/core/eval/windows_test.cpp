// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/error.h"
#include "core/eval/sha256.h"
#include "core/eval/windows.h"

#include <QTemporaryDir>
#include <QtTest>

#include <fstream>
#include <numeric>

using namespace bwla;

namespace {

std::filesystem::path written(const QTemporaryDir& folder, const char* name, const char* text) {
    const auto path = std::filesystem::path(folder.path().toStdString()) / name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
}

std::vector<std::int32_t> counted(std::int64_t count) {
    std::vector<std::int32_t> tokens(static_cast<std::size_t>(count));
    std::iota(tokens.begin(), tokens.end(), 0);
    return tokens;
}

ErrorCode codeOf(const std::function<void()>& call) {
    try {
        call();
    } catch (const Error& error) {
        return error.code;
    }
    return ErrorCode::numeric; // none of the codes looked for here
}

} // namespace

class WindowsTest : public QObject {
    Q_OBJECT

private slots:
    void sha256IsTheStandards();
    void rowsAreJoinedAsInTheDataSet();
    void nameAndProtocolDecideOnRows();
    void hashIsOfTheFileNotOfTheJoinedText();
    void unreadableFiles();
    void protocolsByName();
    void remainderIsDropped();
    void limitOfWindows();
    void shortTextIsAnError();
    void bosOverwritesTheFirstToken();
    void llamacppAsksTheTokenizerForBos();
};

void WindowsTest::sha256IsTheStandards() { // examples of FIPS 180-4
    QCOMPARE(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    QCOMPARE(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    QCOMPARE(sha256(std::string(1000000, 'a')),
             "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

void WindowsTest::rowsAreJoinedAsInTheDataSet() {
    QCOMPARE(joinRows(""), "");
    QCOMPARE(joinRows(" \n = A = \n \n text \n"), "\n\n = A = \n\n\n\n\n text \n");
    QCOMPARE(joinRows("one\ntwo"), "one\n\n\ntwo\n"); // a last line without newline is a row
    QCOMPARE(joinRows("one\n\t \n"), "one\n\n\n");
}

void WindowsTest::nameAndProtocolDecideOnRows() {
    const QTemporaryDir folder;
    const auto raw = written(folder, "wiki.raw", "a\nb\n");
    const auto text = written(folder, "wiki.txt", "a\nb\n");
    const auto read = [](const auto& path, Protocol protocol, RowForm form) {
        return readEvaluationText(path, protocol, form).text;
    };
    QCOMPARE(read(raw, Protocol::gptq2048, RowForm::byName), "a\n\n\nb\n");
    QCOMPARE(read(text, Protocol::gptq2048, RowForm::byName), "a\nb\n");
    QCOMPARE(read(raw, Protocol::llamacpp512, RowForm::byName), "a\nb\n");
    QCOMPARE(read(text, Protocol::gptq2048, RowForm::rows), "a\n\n\nb\n");
    QCOMPARE(read(raw, Protocol::gptq2048, RowForm::text), "a\nb\n");
}

void WindowsTest::hashIsOfTheFileNotOfTheJoinedText() {
    const QTemporaryDir folder;
    const auto raw = written(folder, "x.raw", "abc");
    QCOMPARE(readEvaluationText(raw, Protocol::gptq2048).sha256, sha256("abc"));
}

void WindowsTest::unreadableFiles() {
    const QTemporaryDir folder;
    const std::filesystem::path path = folder.path().toStdString();
    for (const auto& bad : {path, path / "nothing.txt"})
        QVERIFY(codeOf([&] { (void)readEvaluationText(bad, Protocol::gptq2048); }) ==
                ErrorCode::notFound);
}

void WindowsTest::protocolsByName() {
    for (const Protocol protocol : {Protocol::gptq2048, Protocol::llamacpp512})
        QVERIFY(protocolNamed(protocolName(protocol)) == protocol);
    QVERIFY(!protocolNamed("gptq"));
}

void WindowsTest::remainderIsDropped() {
    const WindowRule rule{.length = 10};
    QCOMPARE(windowCount(counted(29), rule, 0), 2);
    QCOMPARE(windowCount(counted(30), rule, 0), 3);
    QCOMPARE(window(counted(30), rule, 2).front(), 20);
    QCOMPARE(window(counted(30), rule, 2).size(), std::size_t(10));
}

void WindowsTest::limitOfWindows() {
    const WindowRule rule{.length = 10};
    QCOMPARE(windowCount(counted(50), rule, 3), 3);
    QCOMPARE(windowCount(counted(50), rule, 9), 5);
}

void WindowsTest::shortTextIsAnError() {
    QVERIFY(codeOf([] { (void)windowCount(counted(9), {.length = 10}, 0); }) ==
            ErrorCode::textTooShort);
}

void WindowsTest::bosOverwritesTheFirstToken() {
    const WindowRule rule{.length = 5, .firstRow = 2, .bos = 99};
    QCOMPARE(window(counted(10), rule, 1), (std::vector<std::int32_t>{99, 6, 7, 8, 9}));
}

void WindowsTest::llamacppAsksTheTokenizerForBos() {
    TokenizerData data;
    data.bos = 7;
    QCOMPARE(windowRule(Protocol::llamacpp512, data).bos, -1);
    data.addBos = true;
    const WindowRule rule = windowRule(Protocol::llamacpp512, data);
    QCOMPARE(rule.bos, 7);
    QCOMPARE(rule.length - 1 - rule.firstRow, 255); // predictions llama.cpp counts a window
    QCOMPARE(windowRule(Protocol::gptq2048, data).bos, -1);
}

QTEST_GUILESS_MAIN(WindowsTest)
#include "windows_test.moc"
