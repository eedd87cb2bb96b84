// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/models_page.h"

#include "ui/models/first_run.h"
#include "ui/models/model_details.h"
#include "ui/models/model_table.h"
#include "ui/studio/remembered_splitter.h"
#include "ui/theme/theme.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/card.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/themed_icon.h"

#include <QAction>
#include <QComboBox>
#include <QDesktopServices>
#include <QFileDialog>
#include <QLineEdit>
#include <QPushButton>
#include <QSplitter>
#include <QStackedLayout>
#include <QTextBrowser>
#include <QUrl>

namespace bwla::ui {
namespace {

constexpr int stackedBelow = 940; ///< page width: details go below the list
constexpr int fewColumnsBelow = 1080;
constexpr int hintBelow = 560; ///< page height: rows matter more than the hint about dropping
constexpr auto smallModelFile = "SmolLM2-135M-Instruct.Q4_1.gguf";

struct Order {
    const char* name;
    ModelList::Column column;
    Qt::SortOrder order;
};

constexpr std::array<Order, 4> orders{
    {{QT_TRANSLATE_NOOP("bwla::ui::ModelsPage", "Last used"), ModelList::usedColumn,
      Qt::DescendingOrder},
     {QT_TRANSLATE_NOOP("bwla::ui::ModelsPage", "Name"), ModelList::nameColumn, Qt::AscendingOrder},
     {QT_TRANSLATE_NOOP("bwla::ui::ModelsPage", "Size"), ModelList::sizeColumn,
      Qt::DescendingOrder},
     {QT_TRANSLATE_NOOP("bwla::ui::ModelsPage", "Parameters"), ModelList::parametersColumn,
      Qt::DescendingOrder}}};

} // namespace

ModelsPage::ModelsPage(Services& services, QWidget* parent)
    : Page(parent), services_(services), library_(services),
      addFolder_(new QPushButton(tr("Add folder…"))),
      openModel_(new QPushButton(tr("Open model…"))), stack_(new QStackedLayout(this)),
      firstRun_(new FirstRun(services)), splitter_(new QSplitter), search_(new QLineEdit),
      kinds_(new Segmented(tr("Kind"), {tr("All"), tr("Originals"), tr("Quantized")})),
      order_(new QComboBox), table_(new ModelTable(services.theme, filter_)), drop_(new QLabel),
      none_(new QLabel), scan_(label({}, "secondary")),
      why_(new QPushButton(tr("Why not listed?"))), reasons_(new QTextBrowser),
      removed_(new Banner(services.theme)), details_(new ModelDetails(services.theme)) {
    setThemedIcon(services.theme, addFolder_, "folder");
    setThemedIcon(services.theme, openModel_, "add");
    openModel_->setToolTip(tr("Ctrl+O"));
    welcome_ = library_.untouched();
    const auto framed = [this](QWidget* content) {
        auto* margin = new QWidget;
        auto* box = new QVBoxLayout(margin);
        box->setContentsMargins(16, 16, 16, 16);
        box->addWidget(content);
        stack_->addWidget(margin);
    };
    filter_.setSourceModel(&library_.list());
    filter_.sort(ModelList::usedColumn, Qt::DescendingOrder);
    splitter_->addWidget(makeList());
    splitter_->addWidget(details_);
    splitter_->setHandleWidth(8);
    splitter_->setChildrenCollapsible(false);
    splitter_->setStretchFactor(0, 808);
    splitter_->setStretchFactor(1, 352);
    splitter_->setSizes({808, 352});
    rememberSplitter(services, *splitter_, "models");
    framed(firstRun_);
    framed(splitter_);
    connectList();
    connect(&services.theme, &Theme::changed, this, &ModelsPage::fitWidth);
    addKeys();
    updateCounts();
    updateFirstRun();
}

QList<QWidget*> ModelsPage::headerActions() {
    return {addFolder_, openModel_};
}

QWidget* ModelsPage::makeList() {
    auto* card = new QFrame;
    card->setProperty("card", true);
    auto* column = new QVBoxLayout(card);
    column->setContentsMargins(1, 12, 1, 12);
    column->setSpacing(8);
    const auto inset = [&](auto* part) {
        auto* row = new QHBoxLayout;
        row->setContentsMargins(15, 0, 15, 0);
        if constexpr (std::is_base_of_v<QLayout, std::remove_pointer_t<decltype(part)>>)
            row->addLayout(part);
        else
            row->addWidget(part);
        column->addLayout(row);
    };
    inset(makeTools());
    none_->setAlignment(Qt::AlignCenter);
    none_->setProperty("role", "secondary");
    none_->setMinimumHeight(64);
    column->addWidget(table_, 1);
    column->addWidget(none_);
    inset(removed_);
    drop_->setObjectName("dropHint");
    drop_->setText(tr("Drop a model folder or a GGUF file anywhere in this window"));
    drop_->setAlignment(Qt::AlignCenter);
    drop_->setMinimumHeight(48);
    inset(drop_);
    reasons_->setAccessibleName(tr("Files that are not listed, and why"));
    reasons_->setMaximumHeight(200);
    reasons_->hide();
    inset(reasons_);
    inset(makeFoot());
    return card;
}

QLayout* ModelsPage::makeTools() {
    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    search_->setPlaceholderText(tr("Search models (Ctrl+F)"));
    search_->setAccessibleName(tr("Search models"));
    search_->setClearButtonEnabled(true);
    search_->setMinimumWidth(180);
    search_->setMaximumWidth(280);
    QAction* lens = search_->addAction(services_.theme.icon("search"), QLineEdit::LeadingPosition);
    connect(&services_.theme, &Theme::changed, lens,
            [this, lens] { lens->setIcon(services_.theme.icon("search")); });
    for (const Order& order : orders)
        order_->addItem(tr(order.name));
    order_->setAccessibleName(tr("Order of the list"));
    row->addWidget(search_, 1);
    row->addWidget(kinds_);
    row->addStretch();
    row->addWidget(order_);
    return row;
}

QLayout* ModelsPage::makeFoot() {
    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    auto* icon = new QLabel;
    setThemedIcon(services_.theme, icon, "info", 16, [](const Tokens& t) { return t.accent; });
    auto* again = new QPushButton(tr("Scan again"));
    again->setProperty("small", true);
    again->setToolTip(tr("F5"));
    why_->setProperty("small", true);
    why_->setCheckable(true);
    row->addWidget(icon);
    row->addWidget(scan_, 1);
    row->addWidget(why_);
    row->addWidget(again);
    connect(again, &QPushButton::clicked, &library_, &ModelLibrary::rescan);
    connect(why_, &QPushButton::toggled, this, &ModelsPage::showReasons);
    return row;
}

void ModelsPage::connectList() {
    connect(addFolder_, &QPushButton::clicked, this, &ModelsPage::chooseFolder);
    connect(openModel_, &QPushButton::clicked, this, &ModelsPage::chooseModel);
    connect(search_, &QLineEdit::textChanged, this, [this](const QString& text) {
        filter_.setText(text);
        updateCounts();
    });
    connect(kinds_, &Segmented::chosen, this, [this](int kind) {
        filter_.setKind(static_cast<ModelFilter::Kind>(kind));
        updateCounts();
    });
    connect(order_, &QComboBox::activated, this, [this](int index) {
        const Order& order = orders.at(static_cast<std::size_t>(index));
        table_->sortByColumn(order.column, order.order);
    });
    table_->sortByColumn(ModelList::usedColumn, Qt::DescendingOrder);
    connect(table_->selectionModel(), &QItemSelectionModel::selectionChanged, this,
            &ModelsPage::showSelected);
    connect(table_, &QTableView::doubleClicked, this, &ModelsPage::requestQuantize);
    const auto changed = [this] {
        updateCounts();
        updateFirstRun();
        if (selected().isEmpty() && filter_.rowCount() > 0)
            table_->selectRow(0);
        showSelected();
    };
    connect(&library_.list(), &QAbstractItemModel::rowsInserted, this, changed);
    connect(&library_.list(), &QAbstractItemModel::rowsRemoved, this, changed);
    connect(&library_.list(), &QAbstractItemModel::dataChanged, this, changed);
    connect(&library_, &ModelLibrary::opened, this, &ModelsPage::select);
    connect(&library_, &ModelLibrary::scanChanged, this, &ModelsPage::showScan);
    connect(firstRun_, &FirstRun::openClicked, this, &ModelsPage::chooseModel);
    connect(firstRun_, &FirstRun::listClicked, this, &ModelsPage::leaveFirstRun);
    connect(firstRun_, &FirstRun::useSmall, this, [this] {
        for (const QString& path : library_.list().paths())
            if (path.endsWith(smallModelFile))
                return open(path);
    });
    connect(details_, &ModelDetails::quantizeClicked, this, &ModelsPage::requestQuantize);
    connect(details_, &ModelDetails::chatClicked, this, &ModelsPage::requestChat);
    connect(details_, &ModelDetails::inspectClicked, this, &ModelsPage::requestInspect);
    connect(details_, &ModelDetails::removeClicked, this, &ModelsPage::removeSelected);
    connect(details_, &ModelDetails::filesClicked, this, [this] {
        const QFileInfo info(details_->path());
        QDesktopServices::openUrl(
            QUrl::fromLocalFile(info.isDir() ? info.filePath() : info.absolutePath()));
    });
}

void ModelsPage::activated() {
    if (!scanned_) {
        scanned_ = true;
        library_.rescan();
    }
    firstRun_->checkDevice();
}

bool ModelsPage::escape() {
    if (why_->isChecked()) {
        why_->setChecked(false);
        return true;
    }
    if (search_->text().isEmpty())
        return false;
    search_->clear();
    return true;
}

void ModelsPage::open(const QString& path) {
    library_.open(path);
    leaveFirstRun();
}

void ModelsPage::chooseModel() {
    const QString file = QFileDialog::getOpenFileName(
        this, tr("Open a model"), QDir::homePath(),
        tr("Models: GGUF, or config.json of a folder (*.gguf config.json);;All files (*)"));
    if (!file.isEmpty())
        open(file);
}

void ModelsPage::chooseFolder() {
    const QString folder =
        QFileDialog::getExistingDirectory(this, tr("Look for models in"), QDir::homePath());
    if (folder.isEmpty())
        return;
    library_.open(folder);
    leaveFirstRun();
}

void ModelsPage::select(const QString& path) {
    kinds_->setCurrent(ModelFilter::all);
    filter_.setKind(ModelFilter::all);
    search_->clear();
    const int row = library_.list().indexOf(path);
    if (row >= 0)
        table_->selectRow(filter_.mapFromSource(library_.list().index(row, 0)).row());
}

QString ModelsPage::selected() const {
    const QModelIndexList rows = table_->selectionModel()->selectedRows();
    return rows.isEmpty() ? QString() : rows.first().data(ModelList::pathRole).toString();
}

void ModelsPage::showSelected() {
    const ModelRow* row = library_.list().find(selected());
    details_->show(row != nullptr ? std::optional(*row) : std::nullopt);
}

void ModelsPage::updateCounts() {
    int originals = 0, quantized = 0;
    ModelList& list = library_.list();
    for (int i = 0; i < list.rowCount(); ++i)
        ++(list.row(i).quantized() ? quantized : originals);
    kinds_->setText(0, tr("All %1").arg(originals + quantized));
    kinds_->setText(1, tr("Originals %1").arg(originals));
    kinds_->setText(2, tr("Quantized %1").arg(quantized));
    none_->setVisible(filter_.rowCount() == 0);
    none_->setText(list.rowCount() == 0 ? tr("No models yet. Open one, or add a folder.")
                                        : tr("No model matches. Clear the search, or show All."));
}

/// Shown until a model was named once, and while there is nothing to list.
void ModelsPage::updateFirstRun() {
    ModelList& list = library_.list();
    std::optional<ModelRow> small;
    for (int i = 0; i < list.rowCount(); ++i)
        if (list.row(i).path.endsWith(smallModelFile) && list.row(i).summary)
            small = list.row(i);
    firstRun_->setSmallModel(small);
    firstRun_->setListedModels(list.rowCount());
    stack_->setCurrentIndex(welcome_ || list.rowCount() == 0 ? 0 : 1);
}

void ModelsPage::leaveFirstRun() {
    welcome_ = false;
    updateFirstRun();
    table_->setFocus();
}

void ModelsPage::showScan() {
    const auto refused = static_cast<int>(library_.notListed().size());
    const auto folders = static_cast<int>(library_.folders().size());
    if (library_.scanning())
        scan_->setText(folders == 1 ? tr("Scanning 1 folder")
                                    : tr("Scanning %1 folders").arg(folders));
    else if (refused > 0)
        scan_->setText(refused == 1 ? tr("1 file in your folders is not listed")
                                    : tr("%1 files in your folders are not listed").arg(refused));
    else
        scan_->setText(tr("Folders looked through: %1").arg(folders));
    scan_->setToolTip(library_.folders().join("\n"));
    why_->setVisible(refused > 0);
    if (refused == 0)
        why_->setChecked(false);
    QString html;
    for (const ModelLibrary::Refused& file : library_.notListed())
        html += "<p>" + file.reason.toHtmlEscaped() + "</p>";
    reasons_->setHtml(html);
}

void ModelsPage::showReasons(bool shown) {
    reasons_->setVisible(shown);
    drop_->setVisible(!shown && height() >= hintBelow &&
                      width() >= services_.theme.scaled(stackedBelow));
}

void ModelsPage::removeSelected() {
    const ModelRow* row = library_.list().find(selected());
    if (row == nullptr)
        return;
    const QString name = row->name();
    if (!library_.remove(row->path))
        return;
    removed_->clearButtons();
    removed_->show(Banner::Tone::info, tr("%1 is off the list.").arg(name), tr("Its files stay."));
    connect(removed_->addButton(tr("Undo")), &QPushButton::clicked, this, [this] {
        library_.undoRemove();
        removed_->hide();
    });
}

void ModelsPage::resizeEvent(QResizeEvent* event) {
    Page::resizeEvent(event);
    fitWidth();
}

void ModelsPage::fitWidth() {
    const Theme& theme = services_.theme;
    details_->setMinimumWidth(theme.scaled(304));
    showReasons(why_->isChecked());
    splitter_->setOrientation(width() < theme.scaled(stackedBelow) ? Qt::Vertical : Qt::Horizontal);
    table_->fitColumns(width() < theme.scaled(fewColumnsBelow));
}

} // namespace bwla::ui
