// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/error.h"
#include "core/store/chat_store.h"

#include <QTemporaryDir>
#include <QTest>

#include <sys/wait.h>
#include <unistd.h>

using namespace bwla;

class ChatStoreTest : public QObject {
    Q_OBJECT
    Database database_ = Database::inMemory();
    ChatStore store_{database_};

    std::int64_t say(std::int64_t chat, std::int64_t parent, const std::string& text) {
        return store_.addMessage({.chat = chat, .parent = parent, .text = text});
    }
    std::int64_t answer(std::int64_t chat, std::int64_t parent, const std::string& text,
                        MessageSide side = MessageSide::quantized, std::int64_t round = 0) {
        return store_.addMessage({.chat = chat,
                                  .parent = parent,
                                  .round = round,
                                  .role = MessageRole::assistant,
                                  .side = side,
                                  .text = text});
    }
    std::vector<std::string> texts(std::int64_t leaf) const {
        std::vector<std::string> all;
        for (const MessageRecord& message : store_.path(leaf))
            all.push_back(message.text);
        return all;
    }
    using Texts = std::vector<std::string>;

private Q_SLOTS:
    void init() { database_ = Database::inMemory(); }

    void answersOfARoundStandSideBySide() {
        const std::int64_t chat = store_.addChat({.title = "Sky"});
        const std::int64_t question = say(chat, 0, "Why blue?");
        const std::int64_t left = answer(chat, question, "Light.", MessageSide::original);
        (void)answer(chat, question, "Paint.", MessageSide::quantized, left);
        const std::int64_t next = say(chat, left, "Really?");
        QCOMPARE(texts(next), (Texts{"Why blue?", "Light.", "Paint.", "Really?"}));
        QCOMPARE(store_.chat(chat).leaf, next);
        QCOMPARE(store_.path(next)[2].side, MessageSide::quantized);
    }

    void answeringAgainAndEditingKeepEveryVersion() {
        const std::int64_t chat = store_.addChat({.title = "Versions"});
        const std::int64_t question = say(chat, 0, "one");
        const std::int64_t first = answer(chat, question, "1a");
        const std::int64_t second = answer(chat, question, "1b");
        const std::int64_t follow = say(chat, second, "two");
        QCOMPARE(store_.versions(first), (std::vector{first, second}));
        QCOMPARE(store_.newestLeaf(question), follow);
        QCOMPARE(store_.newestLeaf(first), first);

        const std::int64_t edited = say(chat, second, "two, edited");
        QCOMPARE(store_.versions(follow), (std::vector{follow, edited}));
        QCOMPARE(texts(edited), (Texts{"one", "1b", "two, edited"}));
        QCOMPARE(texts(follow), (Texts{"one", "1b", "two"}));
        const std::int64_t other = say(chat, 0, "another beginning");
        QCOMPARE(store_.versions(question), (std::vector{question, other}));
    }

    void deletesCanBeUndone() {
        const std::int64_t chat = store_.addChat({.title = "Bin"});
        const std::int64_t question = say(chat, 0, "pineapple");
        const std::int64_t first = answer(chat, question, "1a");
        const std::int64_t second = answer(chat, question, "1b");
        store_.removeMessage(second);
        QCOMPARE(store_.chat(chat).leaf, first);
        store_.removeMessage(first);
        QCOMPARE(store_.chat(chat).leaf, question);
        store_.restoreMessage(second);
        QCOMPARE(store_.chat(chat).leaf, second);
        QCOMPARE(texts(second), (Texts{"pineapple", "1b"}));

        store_.removeChat(chat);
        QVERIFY(store_.chats().empty());
        QVERIFY(store_.search("pineapple").empty());
        QCOMPARE(store_.deletedChats().size(), 1U);
        store_.restoreChat(chat);
        QCOMPARE(store_.search("pineapple").size(), 1U);

        store_.removeChat(chat);
        store_.purge(unixNow() + 1);
        QVERIFY(store_.deletedChats().empty());
        QVERIFY_THROWS_EXCEPTION(Error, (void)store_.message(question));
    }

    void searchFindsTitlesWordsAndBeginnings() {
        const std::int64_t sky = store_.addChat({.title = "Blue sky"});
        const std::int64_t question = say(sky, 0, "Rayleigh scattering of sunlight");
        const std::int64_t code = store_.addChat({.title = "Reverse a string"});
        (void)say(code, 0, "def reverse(text): a \"quoted\" AND (odd* word-part: sky");

        QCOMPARE(store_.search("scat").size(), 1U);
        QCOMPARE(store_.search("scat").front().message, question);
        QVERIFY(store_.search("scat").front().excerpt.find("\u2068scattering\u2069") !=
                std::string::npos);
        QCOMPARE(store_.search("sky").size(), 2U);
        QCOMPARE(store_.search("sky").front().message, 0); // the title first
        QVERIFY(store_.search("sky sunlight").empty());    // one text has all the words
        QVERIFY(store_.search("  ").empty());
        for (const char* odd : {"\"quoted\"", "AND", "(odd*", "word-part:", "reverse(text):", "\""})
            QVERIFY2(store_.search(odd).size() <= 1, odd);
        QCOMPARE(store_.search("word-part").size(), 1U);
    }

    void searchFollowsChanges() {
        const std::int64_t chat = store_.addChat({.title = "Old name"});
        const std::int64_t id = answer(chat, say(chat, 0, "q"), "first words");
        store_.saveMessage(id, "second thoughts", MessageState::done, "{}");
        QVERIFY(store_.search("first").empty());
        QCOMPARE(store_.search("second").size(), 1U);
        ChatRecord record = store_.chat(chat);
        record.title = "New name";
        store_.saveChat(record);
        QVERIFY(store_.search("old").empty());
        QCOMPARE(store_.search("new").size(), 1U);
    }

    void settingsAndContextAreKept() {
        const std::int64_t id = store_.addChat({.title = "a", .originalPath = "/m.gguf"});
        ChatRecord chat = store_.chat(id);
        chat.settings = R"({"system":"Be brief."})";
        chat.contextFrom = 7;
        store_.saveChat(chat);
        QCOMPARE(store_.chat(id).settings, chat.settings);
        QCOMPARE(store_.chat(id).contextFrom, 7);
        QCOMPARE(store_.chat(id).originalPath, std::string("/m.gguf"));
    }

    void unknownIdsAreNamed() {
        QVERIFY_THROWS_EXCEPTION(Error, (void)store_.chat(99));
        QVERIFY_THROWS_EXCEPTION(Error, (void)store_.message(99));
    }

    /// A process that dies in the middle of an answer, without closing anything.
    void aHalfStreamedAnswerSurvivesACrash() {
        const QTemporaryDir folder;
        const auto file = std::filesystem::path(folder.path().toStdString()) / "chats.sqlite";
        const pid_t child = fork();
        if (child == 0) {
            Database database(file);
            ChatStore store(database);
            const std::int64_t chat = store.addChat({.title = "Crash"});
            const std::int64_t question = store.addMessage({.chat = chat, .text = "q"});
            const std::int64_t id = store.addMessage({.chat = chat,
                                                      .parent = question,
                                                      .role = MessageRole::assistant,
                                                      .side = MessageSide::original,
                                                      .state = MessageState::streaming});
            for (const char* text : {"Half", "Half of an", "Half of an ans"})
                store.saveMessage(id, text, MessageState::streaming, "");
            _exit(0);
        }
        int status = 0;
        waitpid(child, &status, 0);
        QCOMPARE(status, 0);

        Database database(file);
        ChatStore store(database);
        QCOMPARE(store.recover(), 1);
        QCOMPARE(store.recover(), 0);
        const ChatRecord chat = store.chats().front();
        const MessageRecord last = store.path(chat.leaf).back();
        QCOMPARE(last.text, std::string("Half of an ans"));
        QCOMPARE(last.state, MessageState::interrupted);
        QCOMPARE(store.search("ans").size(), 1U);
    }
};

QTEST_GUILESS_MAIN(ChatStoreTest)
#include "chat_store_test.moc"
