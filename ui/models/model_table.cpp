// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/model_table.h"

#include "ui/models/model_delegate.h"
#include "ui/models/model_list.h"
#include "ui/theme/theme.h"

#include <QHeaderView>

namespace bwla::ui {

ModelTable::ModelTable(Theme& theme, ModelFilter& models, QWidget* parent)
    : QTableView(parent), theme_(theme), delegate_(new ModelDelegate(theme, this)) {
    setModel(&models);
    setItemDelegate(delegate_);
    setAccessibleName(tr("Models"));
    setObjectName("modelTable"); // of the style sheet
    setSelectionBehavior(QAbstractItemView::SelectRows);
    setSelectionMode(QAbstractItemView::SingleSelection);
    setTabKeyNavigation(false);
    setShowGrid(false);
    setSortingEnabled(true);
    setWordWrap(false);
    verticalHeader()->hide();
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    horizontalHeader()->setHighlightSections(false);
    const auto measure = [this] {
        verticalHeader()->setDefaultSectionSize(delegate_->rowHeight());
        fitColumns(few_);
    };
    connect(&theme, &Theme::changed, this, measure);
    measure();
}

void ModelTable::fitColumns(bool few) {
    few_ = few;
    QHeaderView* head = horizontalHeader();
    if (head->count() == 0) // no model behind the filter yet
        return;
    head->setSectionResizeMode(QHeaderView::Fixed);
    head->setSectionResizeMode(ModelList::nameColumn, QHeaderView::Stretch);
    const QFontMetrics body(theme_.font(TextRole::body));
    const auto fit = [&](ModelList::Column column, const QString& widest, int beside = 40) {
        const QString title = model()->headerData(column, Qt::Horizontal).toString();
        setColumnWidth(column, std::max(body.horizontalAdvance(widest) + beside,
                                        body.horizontalAdvance(title) + 40));
    };
    const int insets = 16; // left-aligned text needs no place for the arrow of sorting
    fit(ModelList::formatColumn, "safetensors", insets);
    fit(ModelList::typeColumn, "Q4_1, F16", insets);
    fit(ModelList::parametersColumn, "888.8 M");
    fit(ModelList::sizeColumn, "888.8 MB");
    fit(ModelList::stateColumn, tr("No tokenizer"));
    fit(ModelList::usedColumn, "88/88/88");
    setColumnHidden(ModelList::formatColumn, few);
    setColumnHidden(ModelList::usedColumn, few);
}

} // namespace bwla::ui
