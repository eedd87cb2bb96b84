// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/studio/main_window.h"

#include "core/store/settings_store.h"
#include "ui/chat/chat_page.h"
#include "ui/inspect/inspect_page.h"
#include "ui/models/models_page.h"
#include "ui/quantize/quantize_page.h"
#include "ui/studio/header.h"
#include "ui/studio/help_dialog.h"
#include "ui/studio/pages.h"
#include "ui/studio/rail.h"
#include "ui/studio/status_strip.h"
#include "ui/theme/theme.h"
#include "ui/widgets/banner.h"

#include <QActionGroup>
#include <QCloseEvent>
#include <QDragEnterEvent>
#include <QHBoxLayout>
#include <QMenu>
#include <QMessageBox>
#include <QMimeData>
#include <QPushButton>
#include <QShortcut>
#include <QToolButton>

#include <algorithm>

namespace bwla::ui {
namespace {

constexpr int compactBelow = 1200; ///< logical pixels: the rail drops its labels
constexpr QSize smallest(800, 560);

} // namespace

MainWindow::MainWindow(Services& services, QWidget* parent)
    : QMainWindow(parent), services_(services), rail_(new Rail(services.theme)),
      header_(new Header), notice_(new Banner(services.theme)), stack_(new QStackedWidget),
      status_(new StatusStrip) {
    services_.tellFailure = [this](const QString& sentence) { tellFailure(sentence); };
    restoreAppearance();
    setWindowTitle("BWLA Studio");
    setWindowIcon(services.theme.icon("mark", services.theme.tokens().accent));
    setMinimumSize(smallest);
    resize(1280, 800);
    setAcceptDrops(true);
    connect(&services.theme, &Theme::changed, this, &MainWindow::fitRail);
    layOut();
    addPages();
    connectPages();
    addKeys();
    restore();
}

MainWindow::~MainWindow() {
    services_.tellFailure = {};
}

void MainWindow::tellFailure(const QString& sentence) {
    notice_->clearButtons();
    notice_->show(Banner::Tone::bad, sentence);
    connect(notice_->addButton(tr("Close")), &QPushButton::clicked, notice_, &Banner::hide);
}

void MainWindow::layOut() {
    auto* centre = new QWidget;
    auto* column = new QVBoxLayout(centre);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* row = new QHBoxLayout;
    row->setSpacing(0);
    auto* right = new QVBoxLayout;
    right->setSpacing(0);
    right->addWidget(header_);
    auto* notice = new QVBoxLayout;
    notice->setContentsMargins(16, 0, 16, 0);
    notice->addWidget(notice_);
    right->addLayout(notice);
    right->addWidget(stack_, 1);
    row->addWidget(rail_);
    row->addLayout(right, 1);
    column->addLayout(row, 1);
    column->addWidget(status_);
    setCentralWidget(centre);
}

void MainWindow::addPages() {
    pages_ = makePages(services_);
    for (Page* page : pages_) {
        rail_->addPage(page->title(), page->iconName());
        header_->addPage(*page);
        stack_->addWidget(page);
    }
    connect(rail_, &Rail::pageChosen, this, &MainWindow::showPage);
    QToolButton* appearance = rail_->addTool(tr("Look"), "theme");
    appearance->setToolTip(tr("Theme, text size, motion"));
    appearance->setAccessibleDescription(appearance->toolTip());
    connect(appearance, &QToolButton::clicked, this, &MainWindow::chooseAppearance);
    QToolButton* help = rail_->addTool(tr("Help"), "help");
    help->setToolTip(tr("All keys, and where files are (F1)"));
    connect(help, &QToolButton::clicked, this, [this] { HelpDialog(pages_, this).exec(); });
}

void MainWindow::connectPages() {
    for (Page* from : pages_) {
        connect(from, &Page::jobChanged, this,
                [this, from](const std::optional<JobStatus>& status) {
                    jobPage_ = status ? from : nullptr;
                    status_->setJob(status);
                });
        connectRequests(*from);
    }
    connect(status_, &StatusStrip::jobClicked, this, [this] {
        if (jobPage_ != nullptr)
            showPage(static_cast<int>(pages_.indexOf(jobPage_)));
    });
}

/// A request reaches the page that handles it, which then comes to the front.
void MainWindow::connectRequests(Page& from) {
    connect(&from, &Page::openModelRequested, this, &MainWindow::openModel);
    if (auto* quantize = page<QuantizePage>())
        connect(&from, &Page::quantizeRequested, this, [this, quantize](const QString& path) {
            quantize->setModel(path);
            showPage(static_cast<int>(pages_.indexOf(quantize)));
        });
    if (auto* models = page<ModelsPage>())
        connect(&from, &Page::modelsChanged, models, &ModelsPage::rescan);
    if (auto* inspect = page<InspectPage>())
        connect(&from, &Page::inspectRequested, this, [this, inspect](const QString& artifact) {
            inspect->inspect(artifact);
            showPage(static_cast<int>(pages_.indexOf(inspect)));
        });
    connect(&from, &Page::deviceInUse, status_, &StatusStrip::setDevice);
    if (auto* chat = page<ChatPage>())
        connect(&from, &Page::chatRequested, this,
                [this, chat](const QString& original, const QString& quantized) {
                    showPage(static_cast<int>(pages_.indexOf(chat)));
                    chat->openChat(original, quantized);
                });
}

void MainWindow::addKeys() {
    const auto key = [this](const QKeySequence& keys, auto&& action) {
        connect(new QShortcut(keys, this), &QShortcut::activated, this, action);
    };
    for (int i = 0; i < pages_.size(); ++i)
        key(QKeySequence(Qt::CTRL | static_cast<Qt::Key>(Qt::Key_1 + i)),
            [this, i] { showPage(i); });
    if (auto* models = page<ModelsPage>())
        key(QKeySequence::Open, [models] { models->chooseModel(); });
    key(Qt::Key_Escape, [this] { escape(); });
    key(Qt::Key_F1, [this] { HelpDialog(pages_, this).exec(); });
    key(Qt::Key_F6, [this] { focusNextPane(); });
    key(QKeySequence::Quit, [this] { close(); });
    key(QKeySequence::ZoomIn, [this] { setPointSize(services_.theme.pointSize() + 1); });
    key(QKeySequence::ZoomOut, [this] { setPointSize(services_.theme.pointSize() - 1); });
}

void MainWindow::openModel(const QString& path) {
    if (auto* models = page<ModelsPage>()) {
        if (!path.isEmpty()) // empty: "choose one there"
            models->open(path);
        showPage(static_cast<int>(pages_.indexOf(models)));
    }
}

void MainWindow::showPage(int index) {
    if (index < 0 || index >= pages_.size())
        return;
    stack_->setCurrentIndex(index);
    header_->setCurrent(index);
    rail_->setCurrent(index);
    pages_[index]->activated();
}

void MainWindow::escape() {
    if (Page* front = qobject_cast<Page*>(stack_->currentWidget()))
        front->escape();
}

/// F6: the first focusable widget of the next of rail, header, and page.
void MainWindow::focusNextPane() {
    const QList<QWidget*> panes{rail_, header_, stack_->currentWidget()};
    int here = -1;
    for (int i = 0; i < panes.size(); ++i)
        if (panes[i] != nullptr && panes[i]->isAncestorOf(focusWidget()))
            here = i;
    for (int step = 1; step <= panes.size(); ++step) {
        QWidget* pane = panes[(here + step) % panes.size()];
        if (pane == nullptr)
            continue;
        for (QWidget* candidate : pane->findChildren<QWidget*>())
            if (candidate->isVisible() && candidate->isEnabled() &&
                (candidate->focusPolicy() & Qt::TabFocus) != 0) {
                candidate->setFocus(Qt::TabFocusReason);
                return;
            }
    }
}

void MainWindow::chooseAppearance() {
    QMenu menu;
    const QList<std::pair<Theme::Mode, QString>> modes{{Theme::Mode::system, tr("Like the system")},
                                                       {Theme::Mode::light, tr("Light")},
                                                       {Theme::Mode::dark, tr("Dark")}};
    auto* group = new QActionGroup(&menu);
    for (const auto& [mode, text] : modes) {
        QAction* action = group->addAction(menu.addAction(text));
        action->setCheckable(true);
        action->setChecked(services_.theme.mode() == mode);
        connect(action, &QAction::triggered, this, [this, mode = mode] {
            services_.theme.setMode(mode);
            remember("theme", std::to_string(static_cast<int>(mode)));
        });
    }
    menu.addSeparator();
    connect(menu.addAction(tr("Larger text")), &QAction::triggered, this,
            [this] { setPointSize(services_.theme.pointSize() + 1); });
    connect(menu.addAction(tr("Smaller text")), &QAction::triggered, this,
            [this] { setPointSize(services_.theme.pointSize() - 1); });
    QAction* motion = menu.addAction(tr("Reduce motion"));
    motion->setCheckable(true);
    motion->setChecked(services_.theme.reducedMotion());
    connect(motion, &QAction::toggled, this, [this](bool on) {
        services_.theme.setReducedMotion(on);
        remember("reduced_motion", on ? "1" : "0");
    });
    menu.exec(rail_->mapToGlobal(rail_->rect().bottomRight()) -
              QPoint(0, menu.sizeHint().height()));
}

void MainWindow::setPointSize(int points) {
    services_.theme.setPointSize(points);
    remember("point_size", std::to_string(services_.theme.pointSize()));
}

void MainWindow::remember(const std::string& key, const std::string& value) {
    services_.keep([&] { SettingsStore(services_.store).set(key, value); });
}

/// Before there are widgets, which would all be styled once more.
void MainWindow::restoreAppearance() {
    const SettingsStore settings(services_.store);
    const auto number = [&](const char* key, int otherwise) {
        return QString::fromStdString(settings.get(key, std::to_string(otherwise))).toInt();
    };
    services_.theme.setReducedMotion(number("reduced_motion", 0) != 0);
    services_.theme.setPointSize(number("point_size", services_.theme.pointSize()));
    if (settings.get("theme"))
        services_.theme.setMode(static_cast<Theme::Mode>(number("theme", 0)));
}

void MainWindow::restore() {
    if (const auto geometry = SettingsStore(services_.store).get("window"))
        restoreGeometry(QByteArray::fromBase64(QByteArray::fromStdString(*geometry)));
    showPage(0);
}

void MainWindow::closeEvent(QCloseEvent* event) {
    for (const Page* page : pages_)
        if (const auto reason = page->reasonToStay();
            reason && QMessageBox::question(this, tr("Quit?"), *reason) != QMessageBox::Yes) {
            event->ignore();
            return;
        }
    remember("window", saveGeometry().toBase64().toStdString());
    event->accept();
}

void MainWindow::resizeEvent(QResizeEvent* event) {
    QMainWindow::resizeEvent(event);
    fitRail();
}

void MainWindow::fitRail() {
    rail_->setCompact(width() < services_.theme.scaled(compactBelow));
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
    const QList<QUrl> urls = event->mimeData()->urls();
    if (std::ranges::any_of(urls, &QUrl::isLocalFile))
        event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
    for (const QUrl& url : event->mimeData()->urls())
        if (url.isLocalFile())
            openModel(url.toLocalFile());
}

} // namespace bwla::ui
